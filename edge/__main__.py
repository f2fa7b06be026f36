"""``python -m edge`` is ``counter``."""

import sys

from edge.cli import main

if __name__ == "__main__":
    sys.exit(main())
