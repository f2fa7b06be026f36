"""What one tray said in a past session, for a picture of it. Reads only, by a connection of its own."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge.domain.records import Happened
from edge.domain.values import Decigrams, SessionId, TrayId
from edge.ledger.reader import ledger_errors, open_reader

Curve = tuple[tuple[int, int], ...]
"""Tenths of a second since the grant, tenths of a gram."""

_TRAY = (
    "SELECT e.verdict, e.goods, e.before_dg, e.after_dg, e.residual_dg, e.events, e.curve"
    " FROM tray_evidence e JOIN session s ON s.id = e.session WHERE e.session = ? AND e.tray = ?"
)
_NOTES = "SELECT note, mono_ms, boot FROM session_journal WHERE session = ? ORDER BY n"

_goods = msgspec.json.Decoder(list[dict[str, int | str]])
_events = msgspec.json.Decoder(tuple[Happened, ...])
_curve = msgspec.json.Decoder(Curve)


@dataclass(frozen=True, slots=True)
class PastTray:
    """door: seconds since the grant at which it opened and was latched; None: the journal does not tell.

    pieces: on the tray before and after, where one product alone moved and that is sure.
    """

    verdict: str
    curve: Curve
    events: tuple[Happened, ...]
    before: Decigrams | None
    after: Decigrams | None
    residual: Decigrams | None
    pieces: tuple[int, int] | None
    door: tuple[float, float] | None


def tray_of(path: Path, session: SessionId, tray: TrayId) -> PastTray | None:
    """The evidence of ``tray`` in the ledger at ``path``; None where the session is open or has none."""
    with ledger_errors(path), closing(open_reader(path)) as conn:
        row = conn.execute(_TRAY, (session, tray)).fetchone()
        if row is None:
            return None
        notes = conn.execute(_NOTES, (session,)).fetchall()
    verdict, goods, before, after, residual, events, curve = row
    return PastTray(
        verdict=verdict,
        curve=_curve.decode(curve),
        events=_events.decode(events),
        before=before,
        after=after,
        residual=residual,
        pieces=_pieces(_goods.decode(goods)) if verdict == "charge" else None,
        door=_door(notes),
    )


def _pieces(goods: list[dict[str, int | str]]) -> tuple[int, int] | None:
    if len(goods) != 1:
        return None
    booked, count = goods[0]["booked"], goods[0]["count"]
    assert isinstance(booked, int)
    assert isinstance(count, int)
    return booked, booked - count


def _door(notes: list[tuple[str, int, str]]) -> tuple[float, float] | None:
    """By the monotonic clock of the grant: after a restart it counts from elsewhere."""
    granted = next(((at, boot) for note, at, boot in notes if note == "granted"), None)
    if granted is None:
        return None
    since, boot = granted
    opened = [at for note, at, of in notes if note == "door_opened" and of == boot]
    latched = [at for note, at, of in notes if note == "latched" and of == boot]
    if not opened or not latched or latched[-1] < opened[0]:
        return None
    return (opened[0] - since) / 1000, (latched[-1] - since) / 1000
