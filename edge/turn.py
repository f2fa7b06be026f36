"""What goes into one step of the engine and what comes out of it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge.domain.catalogue import Catalogue
from edge.domain.delivery import Delivery
from edge.domain.gate import NO_RECALLS, Recalls
from edge.domain.planogram import Planogram
from edge.domain.pricing import NO_PRICES, PriceList
from edge.domain.requests import Answer, BadgeChecked, PinChecked, Request
from edge.domain.restock_view import RestockView
from edge.domain.roster import PinHash, Roster
from edge.domain.trace import Traces
from edge.domain.view import SessionView, View
from edge.flights import Flight
from edge.hardware.signals import Job, Signal


@dataclass(frozen=True, slots=True)
class Goods:
    """What is for sale and who may open. As an input: to be used from the next idle moment on."""

    catalogue: Catalogue
    planogram: Planogram
    roster: Roster
    traces: Traces = field(default_factory=Traces)
    prices: PriceList = NO_PRICES
    recalls: Recalls = NO_RECALLS
    deliveries: tuple[Delivery, ...] = ()
    draft: Planogram | None = None
    """The planogram that waits for the next restock."""

    def accepted(self) -> "Goods":
        """These goods with the draft in force: a restocker said so."""
        return replace(self, planogram=self.draft or self.planogram, draft=None)

    def settled(self, applied: str | None) -> "Goods":
        """These goods, with the draft in force where it was accepted: ``applied`` is the ledger's version."""
        if self.draft is None or self.draft.version != applied:
            return self
        return self.accepted()


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The files were read anew. problems: why they were refused, what was in use before stays; (): fine."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CentreSeen:
    """Whether the centre acknowledged lately; only shown, nothing depends on it."""

    online: bool


Input = Signal | Request | PinChecked | BadgeChecked | Goods | FilesRead | CentreSeen


@dataclass(frozen=True, slots=True)
class VerifyPin:
    """A slow check for a worker, whose answer is ``PinChecked`` with the same id.

    against: None for an account that does not exist; the check must then take as long and fail.
    """

    id: str
    pin: str
    against: PinHash | None


@dataclass(frozen=True, slots=True)
class VerifyBadge:
    """A slow check for a worker, whose answer is ``BadgeChecked``. against: every badge by its login."""

    id: str
    badge: str
    against: Mapping[str, PinHash]


@dataclass(slots=True)
class Turn:
    """What one step asks of the shell. due: when to step again though nothing happened (monotonic).

    restock: what whoever is signed in sees and the secret they show, where it changed; signed_out: nobody
    is any more.
    """

    jobs: list[Job] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    checks: list[VerifyPin | VerifyBadge] = field(default_factory=list)
    view: View | None = None
    sessions: list[SessionView] = field(default_factory=list)
    flights: list[Flight] = field(default_factory=list)
    restock: tuple[RestockView, str] | None = None
    signed_out: bool = False
    due: float = 0.0
