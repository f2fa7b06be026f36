"""One simulated cabinet, whole: physics, boards, pair and faults joined. Time and commands are arguments.

Knows how the parts are wired to each other; opens no port, reads no clock, starts no thread. The same
configuration, seed and calls give the same bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from hardware_sim import acts
from hardware_sim.bus import Bus, Line
from hardware_sim.config import MAIN, Config
from hardware_sim.devices.cabinet_iw import Loads
from hardware_sim.door import Door
from hardware_sim.errors import Malformed
from hardware_sim.faults import Fault, Faults, entry_of
from hardware_sim.goods import Piece, counted, foreign, piece_of
from hardware_sim.lock_boards import lock_board
from hardware_sim.physics import Cabinet, foreign_of, top
from hardware_sim.saved import Saved, restore, saved
from hardware_sim.scale_boards import Load, scale_boards
from hardware_sim.tray import Felt, Tray

OFFSET_G = 5.0
"""A scale's zero is off by up to this much, either way."""


class World:
    """The cabinet with its boards, seen from both ends: ``line`` is the master's, ``act`` the visitor's."""

    def __init__(self, config: Config, seed: int = 0, found: Saved | None = None, now: float = 0.0) -> None:
        """found: the state an earlier process left (``saved``); None: opening goods, door shut and locked."""
        self._config = config
        self._cabinet = _cabinet(config, Random(f"{seed}/goods"))
        if found is not None:
            restore(self._cabinet, found, now)
        door, trays = self._cabinet.door, self._cabinet.trays
        self._faults = Faults(door, trays)
        loads = {tray.id: _load(tray, Random(f"{seed}/noise/{tray.id}")) for tray in trays.values()}
        lines = {MAIN: config.file.line, **config.file.lines}
        bauds = {name: line.baud for name, line in lines.items()}
        scales = scale_boards(config.file.scales, loads, bauds, config.here)
        lock = lock_board(config.file.lock, door, _on_the_lock(config, loads, self._faults))
        self._buses = {
            name: Bus(
                (*([lock] if name == MAIN else []), *scales.get(name, [])),
                line.baud,
                Random(f"{seed}/wire" if name == MAIN else f"{seed}/wire/{name}"),
                self._faults,
            )
            for name, line in lines.items()
        }

    @property
    def line(self) -> Line:
        """The master's end of the pair with the lock board."""
        return self._buses[MAIN]

    @property
    def lines(self) -> Mapping[str, Line]:
        """The master's ends of all pairs, by the counter's names for its ports."""
        return self._buses

    @property
    def unplugged(self) -> bool:
        """Whether the fault line_gone holds the plug out just now."""
        return self._faults.gone

    def act(self, command: dict[str, Any], now: float) -> dict[str, Any]:
        """Do what ``command`` says and give the state after it.

        Raises Malformed for what is not an act, Impossible for what nobody could do to this cabinet now;
        then nothing has changed.
        """
        self._do(acts.act_of(command), now)
        return self.state(now)

    def state(self, now: float) -> dict[str, Any]:
        """What is true at ``now``: the yardstick for whatever the counter believes."""
        cabinet = self._cabinet
        return {
            "t": now,
            "door": "open" if cabinet.door.is_open else "closed",
            "bolt": "locked" if cabinet.door.locked(now) else "unlocked",
            "trays": [self._tray_state(tray, now) for tray in cabinet.trays.values()],
            "hand": counted(cabinet.hand),
            "hand_foreign": foreign(cabinet.hand),
            "carried": counted(cabinet.carried),
            "faults": sorted({fault.name for fault in self._faults.active}),
            "faults_on": [fault.as_dict() for fault in self._faults.active],
            "products": self._names(),
        }

    def saved(self, now: float) -> Saved:
        """What must outlive the process: goods with their true weights, hand, door."""
        return saved(self._cabinet, now)

    def _do(self, act: acts.AnyAct, now: float) -> None:
        cabinet = self._cabinet
        match act:
            case acts.OpenDoor():
                cabinet.open_door(now)
            case acts.ForceDoor():
                cabinet.force_door(now)
            case acts.CloseDoor():
                cabinet.close_door(now)
            case acts.Slam():
                cabinet.slam(now)
            case acts.Take() | acts.PutBack() | acts.Put() | acts.Move():
                self._carry(act, now)
            case acts.Lean(tray=tray, grams=grams, seconds=seconds):
                cabinet.lean(tray, grams, seconds, now)
            case acts.SetFault():
                self._set_fault(act, now)
            case acts.Clear(name=name, tray=tray):
                self._faults.clear(name, tray, now)
            case acts.PowerCut(seconds=seconds):
                cabinet.door.power_lost(now)
                for bus in self._buses.values():
                    bus.power_cut(seconds, now)

    def _carry(self, act: acts.Take | acts.PutBack | acts.Put | acts.Move, now: float) -> None:
        cabinet, place = self._cabinet, f"tray {act.tray}"
        match act:
            case acts.Take(grams=float(grams)):
                cabinet.take(act.tray, foreign_of(grams, place), now)
            case acts.Take():
                cabinet.take(act.tray, top(act.count, act.sku, place), now)
            case acts.PutBack(grams=float(grams)):
                cabinet.put_back(act.tray, foreign_of(grams, "the hand"), now)
            case acts.PutBack():
                wanted = act.sku or self._at_home(act.tray)
                cabinet.put_back(act.tray, top(act.count, wanted, "the hand"), now)
            case acts.Put(grams=float(grams), sku=None):
                cabinet.bring_foreign(act.tray, grams, now)
            case acts.Put(sku=str(sku), grams=None):
                cabinet.bring(act.tray, sku, act.count, now)
            case acts.Put():
                raise Malformed("put: give either sku (new pieces) or grams (a foreign object)")
            case acts.Move():
                cabinet.move(act.tray, act.to, top(act.count, act.sku, place), now)

    def _at_home(self, tray: str) -> str | None:
        """The product that belongs on ``tray``, if the hand holds one: an honest visitor's put-back."""
        planned = self._skus_of(tray)
        return next((piece.sku for piece in reversed(self._cabinet.hand) if piece.sku in planned), None)

    def _skus_of(self, tray: str) -> list[str]:
        return [facing.sku for facing in self._config.facings if facing.id == tray]

    def _set_fault(self, act: acts.SetFault, now: float) -> None:
        entry = entry_of(act.name)
        share = act.probability if act.probability is not None else entry.probability
        seconds = act.seconds if act.seconds is not None else entry.seconds
        was_gone = self._faults.gone
        self._faults.set(Fault(act.name, act.tray, 1.0 if share is None else share, seconds or 0.0), now)
        if self._faults.gone and not was_gone:
            for bus in self._buses.values():
                bus.clear()

    def _tray_state(self, tray: Tray, now: float) -> dict[str, Any]:
        planned = self._skus_of(tray.id)
        return {
            "id": tray.id,
            "grams": round(tray.felt(now).grams),
            "true_g": round(tray.true_g(), 1),
            "sku": next(iter(planned), None),
            "skus": planned,
            "goods": counted(tray.pieces),
            "foreign": foreign(tray.pieces),
        }

    def _names(self) -> dict[str, dict[str, Any]]:
        cabinet = self._cabinet
        shown = {facing.sku for facing in self._config.facings}
        shown |= {piece.sku for piece in self._pieces() if piece.sku is not None}
        return {
            sku: {"zh": product.name_zh, "en": product.name_en, "unit_g": product.unit_g}
            for sku, product in cabinet.products.items()
            if sku in shown
        }

    def _pieces(self) -> list[Piece]:
        on_trays = [piece for tray in self._cabinet.trays.values() for piece in tray.pieces]
        return on_trays + self._cabinet.hand + self._cabinet.carried


def _on_the_lock(config: Config, loads: Mapping[str, Load], faults: Faults) -> Loads:
    """The trays that the lock's board weighs, by their places; it cannot hear a silent cell either."""
    scales = config.file.scales

    def heard(tray: str) -> Load:
        return lambda at: (
            replace(loads[tray](at), overload=True) if faults.silences(tray) else loads[tray](at)
        )

    return (
        {place: heard(tray) for tray, place in scales.units.items()} if scales.driver == "cabinet.iw" else {}
    )


def _cabinet(config: Config, random: Random) -> Cabinet:
    trays: dict[str, Tray] = {}
    for facing in config.facings:
        if facing.id not in trays:
            trays[facing.id] = Tray(facing.id, random.uniform(-OFFSET_G, OFFSET_G), [])
        product = config.products[facing.sku]
        trays[facing.id].pieces.extend(piece_of(product, random) for _ in range(facing.opening))
    door = Door(config.file.door.relock_after_s, motor=config.file.lock.driver == "cabinet.iw")
    return Cabinet(door, trays, config.products, random)


def _load(tray: Tray, noise: Random) -> Callable[[float], Felt]:
    return partial(tray.sampled, random=noise)
