"""Sets of event numbers as closed ranges. Pure: it knows integers and nothing of events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Range = tuple[int, int]


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same numbers, in order, touching ranges joined."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return tuple(result)


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> tuple[Range, ...]:
    """The numbers of ``ranges`` that are in none of ``taken``."""
    kept = list(ranges)
    for first, last in taken:
        kept = [
            (low, high)
            for a, b in kept
            for low, high in ((a, min(b, first - 1)), (max(a, last + 1), b))
            if low <= high
        ]
    return merged(kept)


@dataclass(frozen=True, slots=True)
class Covered:
    """Numbers the centre holds: all from 1 to ``through``, and ``have`` above it (ordered, with gaps)."""

    through: int = 0
    have: tuple[Range, ...] = ()

    def plus(self, through: int, ranges: Iterable[Range]) -> "Covered":
        """These numbers and those; ``through`` moves over what became contiguous, never back."""
        joined = merged([(0, max(self.through, through)), *self.have, *ranges])
        return Covered(joined[0][1], joined[1:])

    def minus(self, ranges: Iterable[Range]) -> "Covered":
        """These numbers without those; ``through`` falls to below the lowest of those it held."""
        return Covered().plus(0, without([(1, self.through), *self.have], ranges))

    def __contains__(self, seq: int) -> bool:
        return seq <= self.through or any(low <= seq <= high for low, high in self.have)

    @property
    def highest(self) -> int:
        """The highest number held."""
        return self.have[-1][1] if self.have else self.through

    def gaps(self) -> Iterator[Range]:
        """The ranges missing below ``highest``."""
        last = self.through
        for low, high in self.have:
            yield last + 1, low - 1
            last = high

    def missing(self, last: int) -> int:
        """How many numbers from 1 to ``last`` are not held."""
        return max(0, last - self.through) - sum(
            min(high, last) - low + 1 for low, high in self.have if low <= last
        )
