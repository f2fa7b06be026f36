"""A bundle for whoever has to mend a counter from afar: how it is, without anything of a person.

No account, no session, no order, no free text that somebody typed: names, versions, numbers and codes.
"""

from collections.abc import Callable

import msgspec

from edge.domain.values import Instant, rfc3339
from edge.equipment import Equipment
from edge.ledger.ledger import Ledger
from edge.ledger.orders import REPORT_BYTES
from edge.outfit.settings_flat import flat
from edge.settings import Settings
from edge.trays import Trays
from edge.turn import Goods

LAST_ALARMS = 50
_NOT_TOLD = ("counter.name", "counter.place", "counter.hotline", "counter.operator", "counter.licence_note")
"""Settings with words about people and places; who mends knows them."""


class Report:
    """What the engine knows of itself, beside what ``text`` is given of the machine."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        equipment: Equipment,
        trays: Trays,
        goods: Callable[[], Goods],
    ) -> None:
        rows = dict(flat(settings))
        self._settings = {name: value for name, value in rows.items() if name not in _NOT_TOLD}
        self._ledger = ledger
        self._equipment = equipment
        self._trays = trays
        self._goods = goods

    def text(self, machine: dict[str, object], now: Instant) -> str:
        """The bundle as JSON, within what an answer may hold. Raises LedgerError."""
        door, goods = self._equipment.door, self._goods()
        own: dict[str, object] = {
            "counter": self._ledger.counter,
            "clock": {"wall": rfc3339(now.wall), "clk": now.clk.value, "mono_s": round(now.mono, 3)},
            "boot": now.boot,
            "ledger": {
                "incarnation": self._ledger.incarnation,
                "last_seq": self._ledger.orders.last_seq(),
                "can_sell": self._ledger.can_sell(),
            },
            "door": {"closed": door.closed, "locked": door.locked},
            "unfit": self._equipment.why_unfit(idle=True),
            "trays": [self._tray(tray, now) for tray in self._trays.watches],
            "goods": {
                "catalogue": goods.catalogue.version,
                "planogram": goods.planogram.version,
                "prices": goods.prices.version,
                "products": len(goods.catalogue.products),
                "accounts": len(goods.roster.accounts),
            },
            "alarms": self._alarms(),
            "settings": self._settings,
        }
        return report_text(machine | own, REPORT_BYTES)

    def _tray(self, tray: str, now: Instant) -> dict[str, object]:
        watch = next(each for name, each in self._trays.watches.items() if name == tray)
        seen = None if watch.seen_at is None else round(now.mono - watch.seen_at, 1)
        return {"tray": tray, "silent_s": seen, "moving": watch.moving, "resting_g": watch.level}

    def _alarms(self) -> list[dict[str, str]]:
        """Without their details, which may hold what somebody typed."""
        alarms = self._ledger.alarms()[-LAST_ALARMS:]
        return [
            {"kind": each.kind, "subject": each.subject, "severity": each.severity, "since": each.since}
            for each in alarms
        ]


def report_text(parts: dict[str, object], most_bytes: int) -> str:
    """``parts`` as JSON; the longest of them are left out, by name, where it would be longer than allowed.

    most_bytes: of it as a text within JSON again, quotes escaped.
    """
    left_out: list[str] = []
    while True:
        text = msgspec.json.encode(parts | ({"left_out": left_out} if left_out else {}))
        if len(msgspec.json.encode(text.decode())) <= most_bytes or not parts:
            return text.decode()
        name = max(parts, key=lambda each: len(msgspec.json.encode(parts[each])))
        parts = {key: value for key, value in parts.items() if key != name}
        left_out.append(name)
