"""Everything that is printed: tags, labels, receipts, posters. Values in, pictures out; no file, no clock.

It is a room of its own because the counter's pages, its command line and the restock's end all print, and
none of them may import the others. What the values mean is theirs to know.
"""
