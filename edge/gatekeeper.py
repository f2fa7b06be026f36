"""Holds the gate over what lies on the trays: which are out of sale, who may open, which alarms stand.

The rules are ``edge.domain.gate``'s. It opens nothing; the engine asks it at every step.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from edge.alarms import AlarmBook
from edge.domain.gate import Block, why_not_plan, why_not_sell
from edge.domain.hours import is_open
from edge.domain.requests import Refusal
from edge.domain.roster import Account
from edge.domain.stock import Lots
from edge.domain.values import Instant, Place, TrayId
from edge.outfit.policies import gate_policy
from edge.settings import Settings
from edge.turn import FilesRead, Goods

EXPIRED, BLOCKED = "EXPIRED_GOODS", "BLOCKED_GOODS"
"""Alarms on a tray: goods lie there that are past their date, or that may not be sold for another reason."""

REFUSED = "CATALOGUE_REFUSED"
"""Alarm: the files that the settings name are at fault, and what was read before stays in use."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the gate found. why: of each place, its reasons; lying: the places where such goods are booked.

    out: trays that are out of service by order, whatever lies there.
    """

    why: Mapping[Place, tuple[Block, ...]]
    lying: frozenset[Place]
    out: frozenset[TrayId] = frozenset()

    @property
    def masked(self) -> frozenset[TrayId]:
        """Trays from which nothing is sold: by weight nobody can say that it was not the blocked product."""
        return self.out.union(tray for tray, _ in self.why)

    def shown(self, place: Place) -> str:
        """The code for pages: of this product, or else of what lies beside it on its tray; "": it is sold."""
        if place[0] in self.out:
            return Block.OUT_OF_SERVICE
        own = self.why.get(place) or next(
            (why for (tray, _), why in self.why.items() if tray == place[0]), ()
        )
        return own[0] if own else ""


NOTHING_HELD = Held({}, frozenset())


class Gatekeeper:
    """Looks anew whenever goods, stock or the local day are others; what it found holds till then."""

    def __init__(self, settings: Settings, alarms: AlarmBook) -> None:
        self._policy = gate_policy(settings)
        self._zone = ZoneInfo(settings.counter.timezone)
        self._alarms = alarms
        self._seen: tuple[Goods, Mapping[Place, Lots], date] | None = None
        self.held = NOTHING_HELD

    def look(
        self, goods: Goods, lots: Mapping[Place, Lots], now: Instant, out: Collection[TrayId] = ()
    ) -> None:
        """Find what may not be sold now. out: trays that are out of service by order."""
        if self.held.out != frozenset(out):
            self.held = replace(self.held, out=frozenset(out))
        seen = (goods, lots, now.wall.astimezone(self._zone).date())
        if self._seen is not None and self._seen[0] is goods and self._seen[1:] == seen[1:]:
            return
        self._seen = seen
        why = dict(self._blocked(*seen))
        lying = frozenset(place for place in why if lots.get(place))
        self.held = Held(why, lying, self.held.out)

    def tell(self, now: Instant) -> None:
        """Raise what stands, clear what is gone. Called while nobody is at the door."""
        told: dict[str, dict[TrayId, str]] = {EXPIRED: {}, BLOCKED: {}}
        for place in sorted(self.held.lying):
            tray, sku = place
            why = self.held.why[place]
            kind = EXPIRED if Block.EXPIRED in why else BLOCKED
            said = told[kind].get(tray)
            told[kind][tray] = (f"{said}; " if said else "") + f"{sku}: {', '.join(why)}"
        for kind, trays in told.items():
            for tray, detail in trays.items():
                self._alarms.raise_(kind, tray, "MAJOR", detail, now)
            for gone in self._alarms.subjects(kind) - trays.keys():
                self._alarms.clear(kind, gone, now)

    def hear_files(self, read: FilesRead, now: Instant) -> None:
        """Files were read: the alarm stands as long as those that are named are refused."""
        if read.problems:
            said = "; ".join((*read.problems[:3], *(["…"] if len(read.problems) > 3 else [])))
            self._alarms.raise_(REFUSED, "files", "MAJOR", said, now)
        else:
            self._alarms.clear(REFUSED, "files", now)

    def why_not_buy(self, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        """Why ``account`` may not open to buy, as far as policy and goods go."""
        if self._policy.identity == "unit_staff" and not account.staff:
            return Refusal.NOT_ALLOWED, "only staff of the unit may buy here"
        return self.shut(now)

    def shut(self, now: Instant) -> tuple[Refusal, str] | None:
        """Why nobody at all may open to buy; None: the goods and the hour let buyers in."""
        policy = self._policy
        if not is_open(policy.hours, now.wall.astimezone(self._zone)):
            return Refusal.CLOSED, f"open {', '.join(each.text for each in policy.hours)}"
        expired = {place[0] for place in self.held.lying if Block.EXPIRED in self.held.why[place]}
        if expired and policy.expired_tray == "refuse_door":
            return Refusal.EXPIRED_GOODS, f"expired goods on tray {', '.join(sorted(expired))}"
        others = {place[0] for place in self.held.lying if set(self.held.why[place]) - {Block.EXPIRED}}
        if others and policy.blocked_tray == "refuse_door":
            return Refusal.GOODS_BLOCKED, f"goods that may not be sold on tray {', '.join(sorted(others))}"
        return None

    def _blocked(
        self, goods: Goods, lots: Mapping[Place, Lots], today: date
    ) -> Iterator[tuple[Place, tuple[Block, ...]]]:
        """Places with goods, strays included, and planned ones: what lies there unbooked is sold no more."""
        planned = {(facing.tray, facing.sku) for facing in goods.planogram.facings}
        for place in sorted(planned | lots.keys()):
            if why := tuple(dict.fromkeys(self._why(goods, place, lots.get(place, ()), today))):
                yield place, why

    def _why(self, goods: Goods, place: Place, held: Lots, today: date) -> Iterator[Block]:
        product = goods.catalogue.products.get(place[1])
        if product is None:  # nothing of it can be sold: it has no price
            return
        for each in held:
            expiry = goods.planogram.expires_on(place, (each,))
            yield from why_not_sell(product, expiry, each.lot.name, today, self._policy, goods.recalls)
        if not held:
            yield from why_not_plan(product, today, self._policy, goods.recalls)
