"""The door session: one table of what may follow what. It knows no device, clock or ledger.

``step`` looks a pair up; the engine carries the effects out. A pair that is not in the table raises
``UnexpectedEvent`` and changes nothing. ``diagram`` draws the table for the documents.
"""

from enum import StrEnum


class State(StrEnum):
    IDLE = "IDLE"
    GRANTED = "GRANTED"
    UNLOCKING = "UNLOCKING"
    OPEN = "OPEN"
    SETTLING = "SETTLING"
    SETTLED = "SETTLED"
    EMPTY = "EMPTY"
    REVIEW = "REVIEW"
    CANCELLED = "CANCELLED"


class Event(StrEnum):
    GRANT = "grant"
    """A request passed every check."""
    WEIGHED = "weighed"
    """Every tray that can rest has a weight before; the others are unknown and stay so."""
    WEIGH_TIMEOUT = "not weighed"
    NOT_SENT = "not sent"
    """The unlock never reached the wire."""
    BOLT_MOVED = "bolt moved"
    BOLT_STUCK = "bolt stuck"
    BOLT_UNSEEN = "bolt unseen"
    """It was pulsed, and whether it moved or came back nobody can tell: the board is silent."""
    BOLT_BACK = "bolt back"
    """The bolt is out again and the door was not seen open: what the trays say shows whether it was."""
    PULL_TIMEOUT = "not pulled"
    RELOCK_TIMEOUT = "not relocked"
    DOOR_OPENED = "door opened"
    DOOR_CLOSED = "door closed"
    LATCHED = "latched"
    """Closed and the bolt is out."""
    LATCH_TIMEOUT = "not latched"
    OPEN_LONG = "open long"
    OPEN_TOO_LONG = "open too long"
    STEADY = "all trays rest"
    CHARGE = "sure"
    NOTHING = "nothing taken"
    DOUBT = "doubt"
    NEVER_OPENED = "never opened"
    """Weights unchanged and nobody saw the door open."""
    ASK = "two explanations"
    """The weights leave two baskets open: the buyer is asked which it is."""
    ANSWERED = "answered"
    ANSWER_TIMEOUT = "not answered"
    """What is still open goes to review, uncharged."""
    SHEET = "sheet"
    """A restock is counted: the restocker sees what came and what left, and signs it."""
    SIGNED = "signed"
    LET_IN = "opened again as asked"
    """From the sheet the restocker went back to the trays."""
    REST_TIMEOUT = "no rest"
    """Trays still move when settling must end; those are judged as doubtful."""
    RESUME = "resume"
    RESUME_UNSENT = "resume, never pulsed"
    RECORDED = "recorded"


class Effect(StrEnum):
    WEIGH_BEFORE = "weigh before"
    PULSE_LOCK = "pulse lock"
    AWAIT_PULL = "await pull"
    AWAIT_RELOCK = "await relock"
    WATCH = "watch trays"
    AWAIT_LATCH = "await latch"
    AWAIT_REST = "await rest"
    DECIDE = "decide"
    ASK_BUYER = "ask buyer"
    AWAIT_SIGNATURE = "await signature"
    CONCLUDE = "conclude"
    BEEP = "beep"
    ALARM_BOLT_STUCK = "alarm: bolt stuck"
    ALARM_NOT_LOCKED = "alarm: not locked"
    ALARM_NOT_LATCHED = "alarm: not latched"
    ALARM_OPEN_TOO_LONG = "alarm: open too long"
    ALARM_FORCED = "alarm: forced"
    MARK_REOPENED = "mark reopened"
    RECORD = "record"
    FINISH = "finish"


class UnexpectedEvent(Exception):
    """The table has no row for this pair: a fault of ours, never of a person or a device."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"a session that is {state} does not expect '{event}'")
        self.state = state
        self.event = event


_S, _E, _F = State, Event, Effect

TABLE: dict[tuple[State, Event], tuple[State, tuple[Effect, ...]]] = {
    (_S.IDLE, _E.GRANT): (_S.GRANTED, (_F.WEIGH_BEFORE,)),
    (_S.GRANTED, _E.WEIGH_TIMEOUT): (_S.GRANTED, (_F.WEIGH_BEFORE,)),
    (_S.GRANTED, _E.WEIGHED): (_S.UNLOCKING, (_F.PULSE_LOCK,)),
    (_S.GRANTED, _E.DOOR_OPENED): (_S.CANCELLED, (_F.ALARM_FORCED, _F.RECORD)),
    (_S.UNLOCKING, _E.NOT_SENT): (_S.CANCELLED, (_F.RECORD,)),
    (_S.UNLOCKING, _E.BOLT_MOVED): (_S.UNLOCKING, (_F.AWAIT_PULL,)),
    (_S.UNLOCKING, _E.BOLT_STUCK): (_S.CANCELLED, (_F.ALARM_BOLT_STUCK, _F.RECORD)),
    (_S.UNLOCKING, _E.BOLT_UNSEEN): (_S.OPEN, (_F.WATCH,)),
    (_S.UNLOCKING, _E.BOLT_BACK): (_S.SETTLING, (_F.AWAIT_REST,)),
    (_S.UNLOCKING, _E.PULL_TIMEOUT): (_S.UNLOCKING, (_F.AWAIT_RELOCK,)),
    (_S.UNLOCKING, _E.RELOCK_TIMEOUT): (_S.CANCELLED, (_F.ALARM_NOT_LOCKED, _F.RECORD)),
    (_S.UNLOCKING, _E.DOOR_OPENED): (_S.OPEN, (_F.WATCH,)),
    (_S.OPEN, _E.OPEN_LONG): (_S.OPEN, (_F.BEEP,)),
    (_S.OPEN, _E.OPEN_TOO_LONG): (_S.OPEN, (_F.ALARM_OPEN_TOO_LONG,)),
    (_S.OPEN, _E.DOOR_OPENED): (_S.OPEN, (_F.WATCH,)),
    (_S.OPEN, _E.DOOR_CLOSED): (_S.OPEN, (_F.AWAIT_LATCH,)),
    (_S.OPEN, _E.LATCH_TIMEOUT): (_S.OPEN, (_F.ALARM_NOT_LATCHED,)),
    (_S.OPEN, _E.LATCHED): (_S.SETTLING, (_F.AWAIT_REST,)),
    (_S.SETTLING, _E.DOOR_OPENED): (_S.OPEN, (_F.MARK_REOPENED, _F.ALARM_FORCED, _F.WATCH)),
    (_S.SETTLING, _E.STEADY): (_S.SETTLING, (_F.DECIDE,)),
    (_S.SETTLING, _E.REST_TIMEOUT): (_S.SETTLING, (_F.DECIDE,)),
    (_S.SETTLING, _E.ASK): (_S.SETTLING, (_F.ASK_BUYER,)),
    (_S.SETTLING, _E.ANSWERED): (_S.SETTLING, (_F.CONCLUDE,)),
    (_S.SETTLING, _E.ANSWER_TIMEOUT): (_S.SETTLING, (_F.CONCLUDE,)),
    (_S.SETTLING, _E.SHEET): (_S.SETTLING, (_F.AWAIT_SIGNATURE,)),
    (_S.SETTLING, _E.LET_IN): (_S.OPEN, (_F.WATCH,)),
    (_S.SETTLING, _E.SIGNED): (_S.SETTLING, (_F.CONCLUDE,)),
    (_S.SETTLING, _E.CHARGE): (_S.SETTLED, (_F.RECORD,)),
    (_S.SETTLING, _E.NOTHING): (_S.EMPTY, (_F.RECORD,)),
    (_S.SETTLING, _E.DOUBT): (_S.REVIEW, (_F.RECORD,)),
    (_S.SETTLING, _E.NEVER_OPENED): (_S.CANCELLED, (_F.RECORD,)),
    (_S.IDLE, _E.RESUME): (_S.OPEN, (_F.WATCH,)),
    (_S.IDLE, _E.RESUME_UNSENT): (_S.CANCELLED, (_F.RECORD,)),
    (_S.SETTLED, _E.RECORDED): (_S.IDLE, (_F.FINISH,)),
    (_S.EMPTY, _E.RECORDED): (_S.IDLE, (_F.FINISH,)),
    (_S.REVIEW, _E.RECORDED): (_S.IDLE, (_F.FINISH,)),
    (_S.CANCELLED, _E.RECORDED): (_S.IDLE, (_F.FINISH,)),
}


def step(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """The state after ``event`` and what has to be done, in this order. Raises UnexpectedEvent."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise UnexpectedEvent(state, event) from None


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    rows = [f"    {a} --> {b}: {event}" for (a, event), (b, _) in TABLE.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> IDLE", *rows])
