"""How far each counter is, by what its events tell: last number, clock, last sale. Pure.

One row for each incarnation; each group of columns is told by the event with the highest number that says it,
so no order of arrival matters. Which incarnation a counter writes now is no fact of events: the row
``counter`` has it from what the counter last said.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from cloud_bridge import feed
from cloud_bridge.central.table import Entry, Row, Table

_GROUPS = (
    ("last_seq", ("last_at", "clk", "boot")),
    ("sold_seq", ("sold_at", "sold_ms")),
)
"""A number, and what the event of that number says; 0: nothing has said it yet."""


def _folds() -> Iterable[tuple[str, str]]:
    for number, told in _GROUPS:
        for column in (number, *told):
            chosen = f"excluded.{number} > stream.{number} then excluded.{column} else stream.{column}"
            yield column, f"case when {chosen} end"


STREAM = Table(
    "stream",
    ("counter", "inc", *(column for number, told in _GROUPS for column in (number, *told))),
    key=2,
    folds=tuple(_folds()),
)


@lru_cache(maxsize=1024)  # the events of a visit have their time in common
def epoch_ms(text: str) -> int:
    """RFC 3339 text as milliseconds since 1970. Raises ValueError; a time without zone is one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text}")
    return round(moment.timestamp() * 1000)


def entry(counter: str, event: feed.Envelope, fact: feed.Fact | None) -> Entry:
    """What ``event`` says of its stream. Raises ValueError on a time that is none."""
    sold: Row = (0, None, None)
    if isinstance(fact, feed.SaleSettled):
        sold = (event.seq, fact.closed_at, epoch_ms(fact.closed_at))
    row = (counter, event.inc, event.seq, event.time, event.clk, event.boot, *sold)
    return Entry(STREAM, row)


def folded(entries: Iterable[Entry]) -> list[Row]:
    """One row for each stream of ``entries``, in the order of the streams."""
    found: dict[Row, Row] = {}
    for each in entries:
        other = found.get(each.row[:2])
        found[each.row[:2]] = each.row if other is None else _joined(other, each.row)
    return [found[key] for key in sorted(found)]


def _joined(one: Row, other: Row) -> Row:
    row, at = one[:2], 2
    for _, told in _GROUPS:
        end = at + 1 + len(told)
        row += max(one[at:end], other[at:end], key=lambda group: group[0])
        at = end
    return row
