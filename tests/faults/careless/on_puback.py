"""A bridge that takes the broker's PUBACK for the centre's ack: a control, it must be found out.

``python -m tests.faults.careless.on_puback run …`` instead of ``python -m cloud_bridge run …``. A bridge that
asks how the centre stands would notice at its next session, so this one does not ask, either.
"""

import sys

from cloud_bridge.cli import main
from cloud_bridge.uplink import Uplink

_careful = Uplink._puback


def _careless(self: Uplink, seqs: tuple[int, ...], code: int, now: float) -> None:
    _careful(self, seqs, code, now)
    if code == 0 and seqs:
        self._progress(self.covered.plus(0, [(seq, seq) for seq in seqs]), now)


def _deaf(*_: object) -> None:
    """What the centre no longer names stays acknowledged."""


Uplink._puback = _careless
Uplink._send_what_it_forgot = _deaf

if __name__ == "__main__":
    sys.exit(main())
