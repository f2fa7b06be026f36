"""The other end of the wire: boards, trays, door, goods and people.

Knows bytes and physics, and nothing of ``edge`` but its codecs.
"""
