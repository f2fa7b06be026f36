"""``python -m cloud_bridge.central`` is ``counter-central``."""

import sys

from cloud_bridge.central.cli import main

sys.exit(main())
