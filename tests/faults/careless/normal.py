"""The writer with ``synchronous=NORMAL``: a control, it must lose sales in a power cut."""

import sys

from edge.ledger import store
from tests.faults.chaos.writer import main

store.SETTINGS["synchronous"] = 1

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
