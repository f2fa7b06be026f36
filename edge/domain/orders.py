"""What the centre ordered that stands until it is lifted, and how an order ended. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edge.domain.values import SessionId, Sku, TrayId


class Outcome(StrEnum):
    """How a command ended. FAILED: it was tried, and undone."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class Why(StrEnum):
    """Why a command was not carried out, beside the codes of ``Refusal`` and of the check. Stable."""

    INTERRUPTED = "INTERRUPTED"
    """The counter was started again before it was carried out; an unlock is not tried a second time."""
    NOT_OPENED = "NOT_OPENED"
    """The session ended before the bolt was moved."""
    UNKNOWN_BUYER = "UNKNOWN_BUYER"
    """No account of the roster has this reference."""
    UNKNOWN_TRAY = "UNKNOWN_TRAY"
    UNKNOWN_EVENTS = "UNKNOWN_EVENTS"
    """Events of another ledger, or numbers that were not given out yet."""
    NOT_RECALLED = "NOT_RECALLED"
    """What is to be lifted does not stand; a recall of the counter's own file is lifted there."""
    BASE_UNKNOWN = "BASE_UNKNOWN"
    """A delta starts from another text than the one in force: send a snapshot."""
    BAD_DOCUMENT = "BAD_DOCUMENT"
    """It cannot be read, its hash is another, or it does not fit the rest; ``detail`` has every reason."""
    SUPERSEDED = "SUPERSEDED"
    """A later document of its kind came whole first."""
    INCOMPLETE = "INCOMPLETE"
    """Its other parts did not come in time."""
    BAD_CONFIG = "BAD_CONFIG"
    """A setting that may not be changed from afar, or a value out of its bounds; nothing was changed."""
    OVERRIDDEN = "OVERRIDDEN"
    """A flag or the environment of the counter says otherwise, and wins."""
    SELF_CHECK = "SELF_CHECK"
    """With it the counter did not start; what was before is in force again."""
    STORAGE = "STORAGE"
    """The disk did not take it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How command ``id`` ended. code: "" for DONE. detail: for people. session: what an unlock began."""

    id: str
    kind: str
    outcome: Outcome
    code: str = ""
    detail: str = ""
    session: SessionId | None = None
    report: str = ""


LOCKOUT, TRAY, RECALL, DOCUMENT = "LOCKOUT", "TRAY", "RECALL", "DOCUMENT"
"""Kinds of ``Stands``."""


@dataclass(frozen=True, slots=True)
class Stands:
    """One order that stands. subject: "" | tray | sku | kind of document. lot: of a recall, "": every lot.

    detail: the reason, or a document's SHA-256. command: which ordered it.
    """

    kind: str
    subject: str
    lot: str = ""
    detail: str = ""
    command: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.subject, self.lot


@dataclass(frozen=True, slots=True)
class Change:
    """What a command changes in what stands: ``stands`` begins, or (``lifted``) ends."""

    stands: Stands
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """All that stands. lockout: its reason, None: buyers may open. trays: out by order, with the reason."""

    lockout: str | None = None
    trays: Mapping[TrayId, str] = field(default_factory=dict)
    recalls: frozenset[tuple[Sku, str | None]] = frozenset()
    documents: Mapping[str, str] = field(default_factory=dict)
    """Kind → SHA-256 of the text in force."""


def standing_of(rows: tuple[Stands, ...]) -> Standing:
    """``rows`` as the counter goes by them."""
    of = {kind: [each for each in rows if each.kind == kind] for kind in (LOCKOUT, TRAY, RECALL, DOCUMENT)}
    return Standing(
        lockout=of[LOCKOUT][0].detail if of[LOCKOUT] else None,
        trays={TrayId(each.subject): each.detail for each in of[TRAY]},
        recalls=frozenset((Sku(each.subject), each.lot or None) for each in of[RECALL]),
        documents={each.subject: each.detail for each in of[DOCUMENT]},
    )
