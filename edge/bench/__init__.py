"""``counter bench``: numbers of this machine. It measures what ships, prints, and asserts nothing."""
