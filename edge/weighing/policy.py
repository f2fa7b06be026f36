"""The thresholds of recognition: what they mean, in which unit, and where each number comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """When a basket may be charged, and how wide the search is.

    sure_p: a basket less probable is reviewed, and so is a tray's part. It is a share of right ones, as
    ``calibrated`` makes it of the search's own probability; what other values cost and buy is printed by
    ``counter bench recognition``.
    fit_z: standard deviations that the worst movement of the best explanation may be off.
    swap_z: the same for what came back: it must weigh what it weighed when taken. Of 900 honest returns of
    the levels L1 to L3s three were off by more than 3.
    bulk_units: that many units in one movement on a mixed tray are asked about.
    beam, drop_nats: hypotheses kept after each step, and how far behind the best one may be. Beams of 30
    to 120 changed exactness by less than a point.
    most_steps: steps that one session may have; beyond, it is reviewed and the steps are not kept.
    margin_cap: margins are told up to this many nats.
    """

    sure_p: float = 0.955
    fit_z: float = 3.8
    swap_z: float = 3.0
    bulk_units: int = 4
    beam: int = 60
    drop_nats: float = 20.0
    most_steps: int = 400
    margin_cap: float = 50.0
