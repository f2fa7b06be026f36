"""``python -m hardware_sim``: the same as ``counter-sim``."""

import sys

from hardware_sim.cli import main

sys.exit(main())
