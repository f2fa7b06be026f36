"""What may not be said of food, and what may not be sold from a counter at all: lists and how they apply.

The lists themselves are data (``edge/wording.toml``), read by the shell.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge.domain.catalogue import Claim


@dataclass(frozen=True, slots=True)
class Wording:
    """forbidden: categories, by their whole name. banned: words that no text about goods may hold."""

    forbidden: frozenset[str] = frozenset()
    banned: tuple[str, ...] = ()

    def banned_in(self, text: str) -> tuple[str, ...]:
        """The banned words in ``text``; case does not matter."""
        lower = text.casefold()
        return tuple(word for word in self.banned if word.casefold() in lower)


NO_WORDING = Wording()


def claims_of(text: str) -> Iterator[Claim]:
    """The claims of a column like ``富硒=DB61/T 556 2024-017;有机``; a missing document is ""."""
    for part in text.replace("；", ";").split(";"):
        words, _, document = part.replace("＝", "=").partition("=")
        if words.strip():
            yield Claim(words.strip(), document.strip())


def proven(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    return tuple(each for each in claims if each.document)


def unproven(claims: Iterable[Claim]) -> tuple[str, ...]:
    return tuple(each.words for each in claims if not each.document)
