"""Simulated boards: ``feed(bytes, now) -> [(due, bytes)]``. No I/O, no clock, no sleep."""
