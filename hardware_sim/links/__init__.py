"""How the simulated wire reaches a program: in process, as a pseudo-terminal, or over TCP."""
