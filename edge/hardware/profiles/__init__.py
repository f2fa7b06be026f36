"""Register maps of weighing transmitters: data, read by ``edge.hardware.profiles.loading``."""
