"""The commands for people and machines, one module each: they read and say what others know."""
