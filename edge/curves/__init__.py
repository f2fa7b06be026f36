"""A tray's curve as a picture, for the buyer's receipt and for the reviewer. It knows no page and no file.

Decision: the counter's pages (``edge.screens``) and the centre (``cloud_bridge.central``) show the same
picture, and neither may import the other. So the drawing is a room of its own between them, which
imports nothing of ours: plain numbers in, PNG bytes out. The curve itself is made by ``edge.weighing``
and kept by the ledger. Out of scope: pictures of what is still going on; other formats than PNG.
"""
