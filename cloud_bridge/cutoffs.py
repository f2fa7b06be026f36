"""Tells a message that ends the session from a link that is bad. Pure: it counts sessions and their ends.

Some brokers do not refuse a message that they cannot take, they close the connection. Sent again first
of all in each new session, such a message would end them all, and nothing behind it would ever pass.
"""

from collections.abc import Collection
from dataclasses import dataclass

POISON = (0x95, 0x99)
"""MQTT 5, 2.4: packet too large, payload format invalid; in a PUBACK and in a DISCONNECT."""

PATIENCE = 3
"""Sessions that end unexplained before that counts against a message: a link may be bad, too."""


@dataclass(slots=True)
class CutOffs:
    """alone_to: rows up to here go one at a time, so that the one to blame is alone when it happens."""

    alone_to: int = 0
    _answered: bool = False
    _in_a_row: int = 0
    _suspect: int = 0
    _strikes: int = 0

    def answered(self) -> None:
        """The broker or the centre said something about a message of this session."""
        self._answered = True

    def ended(self, out: Collection[tuple[int, ...]], code: int) -> int | None:
        """A session ended with these messages unanswered: the row to be set aside, where there is one.

        out: of each message its rows. code: of the broker's DISCONNECT, 0 where it sent none.
        """
        answered, self._answered = self._answered, False
        seqs = [seq for rows in out for seq in rows]
        if len(seqs) == 1 and (code in POISON or seqs[0] <= self.alone_to):
            return self._blamed(seqs[0], PATIENCE if code in POISON else 1)
        self._in_a_row = 0 if answered or not seqs else self._in_a_row + 1
        if seqs and (code in POISON or self._in_a_row >= PATIENCE):
            self.alone_to = max(self.alone_to, *seqs)
        return None

    def _blamed(self, seq: int, strikes: int) -> int | None:
        self._strikes = strikes + (self._strikes if seq == self._suspect else 0)
        self._suspect = seq
        if self._strikes < PATIENCE:
            return None
        self._strikes = self._in_a_row = 0
        return seq
