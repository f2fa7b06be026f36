"""From the settings' section [policy] to what the gate goes by. It decides nothing."""

from fractions import Fraction

from edge.domain.gate import Policy
from edge.domain.hours import opening_of
from edge.settings import Settings
from edge.wording import read_wording


def gate_policy(settings: Settings) -> Policy:
    """The policy of ``settings``, which were checked: hours that cannot be read raise ValueError."""
    written = settings.policy
    return Policy(
        certified_only=written.certified_only,
        certified_ratio_min=Fraction(str(written.certified_ratio_min)),
        ratio_by=written.ratio_by,
        alcohol=written.alcohol,
        identity=written.identity,
        expired_tray=written.expired_tray,
        blocked_tray=written.blocked_tray,
        hours=tuple(opening_of(text) for text in written.hours),
        price_guard_pct=written.price_guard_pct,
        forbidden=read_wording().forbidden,
    )
