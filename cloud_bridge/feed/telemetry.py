"""What a counter tells without a number: its health and the open door's basket. May be lost; pure."""

import msgspec


class TrayHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One tray's scale. state: REST MOVING SILENT or OUT (of service by order).

    noise_mg: standard deviation of its last readings at rest, None: too few of them.
    """

    tray: str
    state: str
    noise_mg: int | None = None


class EngineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the counter is, by its engine. state, reason: as its screen shows them.

    clk: unsynced synced or held. alarms: kinds that stand. temperature_dc: tenths of a degree Celsius, None:
    no sensor. free_mib: room where the ledger lives.
    """

    state: str
    reason: str = ""
    clk: str = ""
    alarms: int = 0
    trays: tuple[TrayHealth, ...] = ()
    temperature_dc: int | None = None
    free_mib: int | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Unnumbered telemetry of the bridge; may be lost.

    backlog: events not yet acknowledged by the centre. parked: of these, the ones set aside.
    refused: texts on the counter's command topic that were no command to be obeyed, since its bridge.db.
    at: the counter's wall clock as it is sent, RFC 3339; "": an older counter, which does not tell.
    """

    backlog: int
    through: int
    parked: int
    version: str
    refused: int = 0
    at: str = ""
    engine: EngineHealth | None = None
    """What the engine said last, at most half a minute before; None: nothing yet."""


class LiveLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product in the open door's basket. Amounts in fen; sure False: not charged as it stands."""

    tray: str
    sku: str
    name: str
    count: int
    price_fen: int
    amount_fen: int
    sure: bool = True


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The open door's running basket on ``live``: unnumbered, may be lost, the latest counts.

    state: of the session table. command: the unlock that began it, "" for one begun at the counter.
    """

    session: str
    state: str
    lines: tuple[LiveLine, ...]
    total_fen: int
    mono_ms: int
    command: str = ""
