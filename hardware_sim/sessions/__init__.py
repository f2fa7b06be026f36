"""Recorded door sessions made up from a seed: what scales would say while people handle goods.

One session is goods on trays (``stock``), what hands do to them (``visit``, ``oddities``), the force on
each plate at 100 Hz (``mechanics``) and what a scale makes of it (``sensor``). Nothing here is shared
with the recogniser that is measured by it; what the two agree on is the line of ``session_line`` only.
"""
