"""What a host unit lets its people spend, and how a sale is shared between quotas and the buyer.

It knows rules and numbers, no ledger and no clock. A quota is a line of the unit's budget, billed to the
unit: nothing is paid in, paid out or carried over, and what is left when it ends is the unit's again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Protocol

from edge.domain.values import Fen


class Scheme(StrEnum):
    """Out of whose money. The rules of union welfare and of the 832 platform are separate schemes."""

    UNION_FESTIVAL = "UNION_FESTIVAL"
    UNION_SPECIAL = "UNION_SPECIAL"
    ACCOUNT = "ACCOUNT"
    """The account as it is, of somebody who has no quota; paid as operator and unit agreed."""
    SELF_PAY = "SELF_PAY"
    """The buyer's own; no quota has it."""
    RESERVED_832 = "832_RESERVED"
    """A share of canteen purchasing reserved for the 832 platform; never spent at a counter's door."""


REFUSED = {
    Scheme.ACCOUNT: "ACCOUNT is an account without quotas: leave the table out",
    Scheme.SELF_PAY: "SELF_PAY is what no quota pays; it has no cap and no dates: leave the table out",
    Scheme.RESERVED_832: (
        "a counter sale is not an 832 purchase: none has an order number of that platform when it is made;"
        " buy on the platform, or choose UNION_FESTIVAL or UNION_SPECIAL"
    ),
}
"""Schemes that no quota at a counter may have, and why."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What each account that names it may spend of one scheme, on its days, on goods within its scope.

    cap: fen a person. valid_from, valid_to: local days, both included. counties: names or codes of
    origin; none: from anywhere. unit: opaque id of the unit whose budget it is, and to which it lapses.
    """

    id: str
    scheme: Scheme
    unit: str
    cap: Fen
    valid_from: date
    valid_to: date
    certified_only: bool = True
    counties: frozenset[str] = frozenset()

    def runs(self, on: date) -> bool:
        """Whether it may be spent on the local day ``on``."""
        return self.valid_from <= on <= self.valid_to

    def covers(self, certified: bool, origin: Iterable[str]) -> bool:
        """Whether goods with these names and codes of origin are within its scope."""
        return (certified or not self.certified_only) and (
            not self.counties or any(each in self.counties for each in origin)
        )


@dataclass(frozen=True, slots=True)
class Purse:
    """A quota, and what one account has left of it."""

    quota: Quota
    left: Fen


@dataclass(frozen=True, slots=True)
class Part:
    """What one source pays of one line of a sale.

    line: its number from 1. quota: its id, "" where the buyer pays. owed: the buyer's part where paying
    oneself is not provided for: it is settled before the next door opens. left: of the quota, after the
    sale; None for the buyer's own.
    """

    line: int
    scheme: str
    quota: str
    fen: Fen
    owed: bool = False
    left: Fen | None = None


class Line(Protocol):
    """What of a sale's line says who may pay it."""

    @property
    def amount(self) -> Fen: ...

    @property
    def certified(self) -> bool: ...

    @property
    def county(self) -> str: ...


def usable(purses: Iterable[Purse], on: date) -> tuple[Purse, ...]:
    """Those that may be spent on ``on`` and hold something, the one that ends first at the head."""
    running = [purse for purse in purses if purse.left > 0 and purse.quota.runs(on)]
    return tuple(sorted(running, key=lambda purse: (purse.quota.valid_to, purse.quota.id)))


def split(
    lines: Sequence[Line],
    purses: Sequence[Purse],
    on: date,
    *,
    owed: bool,
    codes: Mapping[str, str] | None = None,
) -> tuple[Part, ...]:
    """Who pays what of ``lines``; the parts of a line sum up to its amount. Quotas first, in line order.

    The quota that ends first is used up first, and nothing is left to the buyer that the quotas could
    have paid among them: one of wide scope leaves a line to one of narrow scope and pays elsewhere.
    owed: whether the buyer's part is owed. codes: county name → its code.
    """
    known = codes or {}
    ordered = usable(purses, on)
    scope = [
        [p.quota.covers(line.certified, (line.county, known.get(line.county, ""))) for line in lines]
        for p in ordered
    ]
    paid = _shared([int(line.amount) for line in lines], [int(purse.left) for purse in ordered], scope)
    parts = []
    for index, purse in enumerate(ordered):
        left = Fen(purse.left - sum(paid[index]))
        parts += [
            Part(number, purse.quota.scheme, purse.quota.id, Fen(fen), left=left)
            for number, fen in enumerate(paid[index], 1)
            if fen
        ]
    rest = [line.amount - sum(row[index] for row in paid) for index, line in enumerate(lines)]
    own = [Part(n, Scheme.SELF_PAY, "", Fen(fen), owed=owed) for n, fen in enumerate(rest, 1) if fen]
    return (*parts, *own)


def _shared(due: list[int], left: list[int], scope: list[list[bool]]) -> list[list[int]]:
    """Fen by purse and line: each purse in turn pays all it can, moving earlier payments where that helps.

    Moving never takes a payment back from an earlier purse, it only goes to another line (the augmenting
    paths of a flow), so that what ends first stays used up first.
    """
    paid = [[0] * len(due) for _ in left]
    for purse, budget in enumerate(left):
        while budget > 0 and (path := _path(purse, due, paid, scope)):
            amount = min(budget, due[path[-1][1]], *(paid[p][was] for p, _, was in path if was >= 0))
            for payer, line, was in path:
                paid[payer][line] += amount
                if was >= 0:
                    paid[payer][was] -= amount
            due[path[-1][1]] -= amount
            budget -= amount
    return paid


def _path(
    first: int, due: list[int], paid: list[list[int]], scope: list[list[bool]]
) -> list[tuple[int, int, int]]:
    """How ``first`` can pay: (payer, line it takes on, line it gives up or -1) …, the last one still due."""
    came: dict[int, tuple[int, int]] = {}
    queue = [(first, -1)]
    for payer, gives_up in queue:
        for line, within in enumerate(scope[payer]):
            if not within or line in came:
                continue
            came[line] = (payer, gives_up)
            if due[line]:
                return _walked(line, came)
            queue += [(other, line) for other, row in enumerate(paid) if row[line] and other != payer]
    return []


def _walked(line: int, came: Mapping[int, tuple[int, int]]) -> list[tuple[int, int, int]]:
    path = []
    while line >= 0:
        payer, gives_up = came[line]
        path.append((payer, line, gives_up))
        line = gives_up
    return path[::-1]


def returned(
    parts: Sequence[Part], already: Mapping[tuple[int, str, str], Fen], fen: Fen
) -> tuple[Part, ...]:
    """Where ``fen`` of a sale goes back to: to what paid, what paid last first, at most what it paid.

    parts: as the sale was shared, or those of the line in question. already: what went back to each
    (line, scheme, quota) before. Gives less than ``fen`` where less is left to go back.
    """
    back = []
    for part in reversed(parts):
        room = part.fen - already.get((part.line, part.scheme, part.quota), Fen(0))
        amount = Fen(min(fen, room))
        if amount > 0:
            back.append(replace(part, fen=amount, left=None))
            fen = Fen(fen - amount)
    return tuple(back)
