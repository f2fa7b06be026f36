"""What goes into one step of the engine and what comes out of it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cloud_bridge.feed import Live
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


@dataclass(frozen=True, slots=True)
class Order:
    """A command of the centre, as the bridge left it. id: as the bridge read it, proven by nothing yet."""

    id: str
    jws: str


@dataclass(frozen=True, slots=True)
class TryDocument:
    """For the worker: put a document together and see whether the counter could work by it.

    commands: those that brought its parts, in the order of ``parts``, which are base64. kind, sha256, base:
    as ``cloud_bridge.commands.Document``.
    """

    commands: tuple[str, ...]
    kind: str
    version: str
    sha256: str
    base: str | None
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TryConfig:
    """For the worker: see whether the counter could work by these settings. name: dotted, as in Config."""

    command: str
    values: Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Examine:
    """For the worker: what the machine says of itself, for a report."""

    command: str


Errand = TryDocument | TryConfig | Examine


@dataclass(frozen=True, slots=True)
class Tried:
    """The worker's answer to a TryDocument or TryConfig. command: the (first) one of it.

    code: why not, a code of ``edge.domain.orders.Why``; "": it can be put in force, and waits for that.
    failed: it was begun and undone. goods: what is for sale then, of a document.
    """

    command: str
    code: str = ""
    detail: str = ""
    failed: bool = False
    goods: Goods | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """The worker's answer to Examine."""

    command: str
    machine: Mapping[str, object]


Input = (
    Signal | Request | PinChecked | BadgeChecked | Goods | FilesRead | CentreSeen | Order | Tried | Examined
)


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
    is any more. live: a buyer's basket that has changed. errands: slow work for the worker, each with an
    answer. adopted: the command whose document is in force from now on, "": none. restart: the command whose
    settings are to be started with, "": none.
    """

    jobs: list[Job] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    checks: list[VerifyPin | VerifyBadge] = field(default_factory=list)
    view: View | None = None
    sessions: list[SessionView] = field(default_factory=list)
    flights: list[Flight] = field(default_factory=list)
    restock: tuple[RestockView, str] | None = None
    signed_out: bool = False
    errands: list[Errand] = field(default_factory=list)
    live: Live | None = None
    adopted: str = ""
    restart: str = ""
    due: float = 0.0
