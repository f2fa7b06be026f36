"""Faults that somebody could make, each planted into the product from outside: every one must be found.

A test plants one in its own process, or in the programs it starts (``python -m tests.faults.careless``).
"""

from collections.abc import Callable

FAULTS: dict[str, Callable[[], None]] = {}


def plant(fault: str) -> None:
    """From now on this process has that fault. Raises KeyError where there is none of the name."""
    FAULTS[fault]()


def _fault(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def note(planting: Callable[[], None]) -> Callable[[], None]:
        FAULTS[name] = planting
        return planting

    return note


@_fault("ack on PUBACK")
def _ack_on_puback() -> None:
    """The bridge takes the broker's PUBACK for the centre's ack.

    One that asks how the centre stands would notice at its next session, so this one does not ask, either.
    """
    from cloud_bridge.uplink import Uplink

    careful = Uplink._puback

    def careless(self: Uplink, seqs: tuple[int, ...], code: int, now: float) -> None:
        careful(self, seqs, code, now)
        if code == 0 and seqs:
            self._progress(self.covered.plus(0, [(seq, seq) for seq in seqs]), now)

    def deaf(*_: object) -> None:
        """What the centre no longer names stays acknowledged."""

    Uplink._puback = careless  # type: ignore[method-assign]
    Uplink._send_what_it_forgot = deaf  # type: ignore[method-assign]


@_fault("synchronous=NORMAL")
def _synchronous_normal() -> None:
    from edge.ledger import store

    store.SETTINGS["synchronous"] = 1
