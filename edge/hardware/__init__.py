"""The wire: bus (port owner), codecs (bytes and frames, no I/O), drivers, profiles (data)."""
