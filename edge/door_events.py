"""What a look at the door means for the session under way. It notes what was seen, and decides nothing."""

from collections.abc import Iterator

from edge.domain.session import Event, State
from edge.hardware.signals import DoorState
from edge.visit import Visit


def door_events(visit: Visit, seen: DoorState) -> Iterator[Event]:
    """What one look at the door means for ``visit``, in order. Unknown contacts mean nothing."""
    match visit.state:
        case State.GRANTED if seen.closed is False:
            yield Event.DOOR_OPENED
        case State.UNLOCKING:
            yield from _unlocking(visit, seen)
        case State.OPEN:
            yield from _open(visit, seen)
        case State.SETTLING if seen.closed is False:
            visit.door_open = True
            asked = visit.signing and seen.at <= visit.let_in_until
            yield Event.LET_IN if asked else Event.DOOR_OPENED


def _unlocking(visit: Visit, seen: DoorState) -> Iterator[Event]:
    if seen.closed is False:
        visit.bolt_moved = visit.door_open = visit.door_seen_open = True
        yield Event.DOOR_OPENED
    elif seen.locked is False and not visit.bolt_moved:
        visit.bolt_moved = True
        yield Event.BOLT_MOVED
    elif seen.closed and seen.locked and visit.bolt_moved:
        yield Event.BOLT_BACK


def _open(visit: Visit, seen: DoorState) -> Iterator[Event]:
    if seen.closed is False:
        if not visit.door_open or not visit.door_seen_open:
            visit.door_open = visit.door_seen_open = True
            yield Event.DOOR_OPENED
    elif seen.closed:
        if visit.door_open:
            visit.door_open = False
            yield Event.DOOR_CLOSED
        if seen.locked:
            yield Event.LATCHED
