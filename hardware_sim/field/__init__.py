"""Recorded door sessions by a second author: other goods, hands, plates and transmitters than ``sessions``.

Pure and seeded; standard library only. Knows the recorded format and nothing of who reads it. Shares no model
with ``hardware_sim.sessions``, so that a recogniser tuned to the one is judged on the other.
"""
