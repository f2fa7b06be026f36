"""Everything one counter is set up with: its settings and the files they name, read and checked together."""
