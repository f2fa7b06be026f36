"""What a run came to, as text for people."""

from collections import Counter
from collections.abc import Sequence

from tests.faults.chaos.people import Visit
from tests.faults.chaos.yardstick import Row


def faults_table(done: Counter[str], disks: bool) -> str:
    """How often each fault struck. disks: whether disks could be filled; what was not run is named."""
    lines = [f"\n{'fault':<28} times", *(f"{name:<28} {times}" for name, times in sorted(done.items()))]
    if not disks:
        lines.append("disk full: NOT RUN, this user may not mount a tmpfs")
    return "\n".join(lines)


def counters_table(found: Sequence[Row]) -> str:
    """Events and sales by counter. told: sales that a writer was told are committed."""
    head = ("counter", "events", "centre", "told", "sales", "centre", "lost", "doubled", "differing")
    return "\n".join(["", _line(*head), *(_line(*_cells(row)) for row in found)])


def _cells(row: Row) -> tuple[object, ...]:
    told = "–" if row.told is None else row.told
    counts = (row.events, row.arrived, told, row.sold, row.counted, row.lost, row.doubled, row.differing)
    return row.counter, *counts


def _line(first: object, *others: object) -> str:
    return f"{first:<8}" + "".join(f"{each:>10}" for each in others)


def visits_line(visits: Sequence[Visit], turned_away: Counter[str]) -> str:
    """Pieces that truly left the trays beside those charged; what went to review is not charged."""
    taken, charged = (
        sum(sum(getattr(visit, what).values()) for visit in visits) for what in ("taken", "charged")
    )
    unsure = [visit for visit in visits if visit.unsure]
    open_pieces = sum(sum(visit.taken.values()) - sum(visit.charged.values()) for visit in unsure)
    return (
        f"\nvisits {len(visits)}: pieces taken {taken}, charged {charged}, in review {open_pieces}"
        f" ({len(unsure)} visits); turned away {dict(turned_away)}"
    )
