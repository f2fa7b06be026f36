"""What may be lost, made from the engine's state: the running basket and how the counter is. Values only."""

from collections.abc import Sequence

from cloud_bridge.feed import EngineHealth, Live, LiveLine, TrayHealth
from edge.domain.orders import Standing
from edge.domain.values import Instant, Kind
from edge.domain.view import SessionView, View
from edge.showing import Receipt
from edge.trays import FRESH_S, Trays
from edge.visit import Visit


def live_of(
    sessions: Sequence[SessionView], visit: Visit | None, receipt: Receipt | None, now: Instant
) -> Live | None:
    """The basket that a buyer's open door has come to, or how it ended; None: nothing new is to be told."""
    of = visit or (receipt.visit if receipt else None)
    if not sessions or of is None or sessions[-1].kind != Kind.BUY or sessions[-1].session != of.facts.id:
        return None
    shown = sessions[-1]
    lines = tuple(
        LiveLine(
            tray=line.tray,
            sku=line.sku,
            name=line.name,
            count=line.count,
            price_fen=line.price_fen,
            amount_fen=line.amount_fen,
            sure=line.sure,
        )
        for line in shown.lines
    )
    return Live(
        session=shown.session,
        state=shown.state,
        lines=lines,
        total_fen=shown.total_fen,
        mono_ms=int(now.mono * 1000),
        command=of.facts.command,
    )


def health_of(view: View | None, trays: Trays, standing: Standing, now: Instant) -> EngineHealth:
    """How the counter is, by what its screen shows and its scales say."""
    told = [
        TrayHealth(tray=tray, state=_state(tray in standing.trays, seen, moving, now), noise_mg=noise)
        for tray, seen, moving, noise in (
            (tray, watch.seen_at, watch.moving, watch.noise_mg) for tray, watch in trays.watches.items()
        )
    ]
    return EngineHealth(
        state=view.state if view else "",
        reason=(view.reason or view.shut) if view else "",
        clk=now.clk.value,
        alarms=len(view.alarms) if view else 0,
        trays=tuple(told),
    )


def _state(out: bool, seen_at: float | None, moving: bool, now: Instant) -> str:
    if out:
        return "OUT"
    if seen_at is None or now.mono - seen_at > FRESH_S:
        return "SILENT"
    return "MOVING" if moving else "REST"
