"""Who may do what at the centre: five roles, one table. Pure; who somebody is, ``access`` finds out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account is for. It has exactly one."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    SUPPLIER = "supplier"
    AUDITOR = "auditor"
    TECHNICIAN = "technician"


class Permission(StrEnum):
    """One thing that a route lets people do. Those in ``WRITES`` change something."""

    SEE_SALES = "see_sales"
    SEE_REVIEWS = "see_reviews"
    SEE_RESTOCKS = "see_restocks"
    SEE_FLEET = "see_fleet"
    SEE_COMMANDS = "see_commands"
    SEE_TRAIL = "see_trail"
    SEE_FEED = "see_feed"
    SEE_METRICS = "see_metrics"
    SEE_OWN_GOODS = "see_own_goods"
    ACKNOWLEDGE_ALARMS = "acknowledge_alarms"
    COMMAND_SERVICE = "command_service"
    COMMAND_TRADE = "command_trade"


_P = Permission
_LOOKS = frozenset(
    {
        _P.SEE_SALES,
        _P.SEE_REVIEWS,
        _P.SEE_RESTOCKS,
        _P.SEE_FLEET,
        _P.SEE_COMMANDS,
        _P.SEE_FEED,
        _P.SEE_METRICS,
    }
)
WRITES = frozenset(
    {
        _P.ACKNOWLEDGE_ALARMS,
        _P.COMMAND_SERVICE,
        _P.COMMAND_TRADE,
    }
)
"""What nobody may without a login, whatever ``[web] anonymous`` says."""

MAY: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: _LOOKS | {_P.ACKNOWLEDGE_ALARMS, _P.COMMAND_SERVICE, _P.COMMAND_TRADE},
    Role.REVIEWER: frozenset({_P.SEE_REVIEWS}),
    Role.SUPPLIER: frozenset({_P.SEE_OWN_GOODS}),
    Role.AUDITOR: _LOOKS | {_P.SEE_TRAIL},
    Role.TECHNICIAN: frozenset(
        {_P.SEE_FLEET, _P.SEE_COMMANDS, _P.SEE_METRICS, _P.ACKNOWLEDGE_ALARMS, _P.COMMAND_SERVICE}
    ),
}
"""Who watches (auditor) changes nothing, who acts (operator) does not keep the record of it.

COMMAND_SERVICE: lock-out, resume, a tray out of service, resend, diagnostics. COMMAND_TRADE: what moves
goods, prices or doors.
"""


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever asks. role None: nobody in particular, who may nothing. via: cookie, token or anonymous.

    supplier: the one whose goods a supplier's account sees, "" for others. session: the login's key.
    """

    name: str = ""
    role: Role | None = None
    supplier: str = ""
    via: str = "anonymous"
    session: str = ""

    def may(self, permission: Permission) -> bool:
        if self.role is None or (self.via == "anonymous" and permission in WRITES):
            return False
        return permission in MAY[self.role]

    @property
    def known(self) -> bool:
        """Whether it is a person or program with an account."""
        return self.via != "anonymous"


NOBODY = Who()
