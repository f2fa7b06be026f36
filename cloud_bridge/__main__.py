"""``python -m cloud_bridge`` is ``counter-bridge``."""

import sys

from cloud_bridge.cli import main

sys.exit(main())
