"""The words of ``POST /sim/act``: one struct per act, told apart by ``do``. Knows shapes, does nothing."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hardware_sim.errors import Malformed

Count = Annotated[int, Meta(ge=1, le=500)]
Grams = Annotated[float, Meta(gt=0, le=50_000)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """Anything that can be done to the cabinet."""


class OpenDoor(Act, frozen=True, kw_only=True, tag="open_door"):
    """Pull the door."""


class CloseDoor(Act, frozen=True, kw_only=True, tag="close_door"):
    """Push the door to, gently."""


class Slam(Act, frozen=True, kw_only=True, tag="slam"):
    """Throw the door shut."""


class ForceDoor(Act, frozen=True, kw_only=True, tag="force_door"):
    """Break the door open."""


class Take(Act, frozen=True, kw_only=True, tag="take"):
    """Take ``count`` pieces off a tray: the uppermost, or of ``sku``; with grams: that foreign object."""

    tray: str
    sku: str | None = None
    count: Count = 1
    grams: Grams | None = None


class PutBack(Act, frozen=True, kw_only=True, tag="put_back"):
    """Put pieces out of the hand onto a tray: the last taken, or of ``sku``; with grams: a foreign object."""

    tray: str
    sku: str | None = None
    count: Count = 1
    grams: Grams | None = None


class Put(Act, frozen=True, kw_only=True, tag="put"):
    """Put something from outside onto a tray: new pieces of ``sku``, or a foreign object of ``grams``."""

    tray: str
    sku: str | None = None
    count: Count = 1
    grams: Grams | None = None


class Move(Act, frozen=True, kw_only=True, tag="move"):
    """Carry pieces from one tray to another."""

    tray: str
    to: str
    count: Count = 1
    sku: str | None = None


class Lean(Act, frozen=True, kw_only=True, tag="lean"):
    tray: str
    grams: Grams
    seconds: Seconds


class SetFault(Act, frozen=True, kw_only=True, tag="fault"):
    """Switch a fault of the menu on; what is left out comes from the menu."""

    name: str
    tray: str | None = None
    probability: Share | None = None
    seconds: Seconds | None = None


class Clear(Act, frozen=True, kw_only=True, tag="clear"):
    """Switch a fault off, on ``tray`` only when given."""

    name: str
    tray: str | None = None


class PowerCut(Act, frozen=True, kw_only=True, tag="power_cut"):
    seconds: Seconds


AnyAct = (
    OpenDoor | CloseDoor | Slam | ForceDoor | Take | PutBack | Put | Move | Lean | SetFault | Clear | PowerCut
)


def act_of(command: dict[str, Any]) -> AnyAct:
    """The act that ``command`` asks for. Raises Malformed naming the first thing wrong with it."""
    try:
        act: AnyAct = msgspec.convert(command, AnyAct)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error
    return act
