"""The counter's memory: each method is one use case and one transaction, on the engine's thread alone.

It knows how facts are kept and numbered; it decides nothing about doors, weights or prices. A method
that raises LedgerError has changed nothing, and from then on ``can_sell`` says no.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.orders import Change, Ended
from edge.domain.quota import Quota
from edge.domain.records import ClosedSession, Intake, Movement, OpenSession
from edge.domain.stock import Lot, Lots
from edge.domain.values import BuyerRef, Decigrams, Fen, Instant, Place, SessionId, Sku, TrayId, rfc3339
from edge.errors import LedgerError
from edge.ledger import (
    alarms,
    calibrations,
    counted,
    facts,
    intake,
    orders,
    pins,
    prices,
    quota,
    refunds,
    sessions,
    stock,
    tended,
)
from edge.ledger.alarms import Alarm
from edge.ledger.calibrations import Calibrated
from edge.ledger.chain import Chain, End, Identity, end_of
from edge.ledger.orders import OrderBook
from edge.ledger.pins import Locked
from edge.ledger.reader import error_name, ledger_errors
from edge.ledger.refunds import Returned
from edge.ledger.sessions import AlreadyClosed
from edge.ledger.space import Space
from edge.ledger.store import Store, first_rows

T = TypeVar("T")

_BASELINE = "INSERT OR REPLACE INTO baseline (tray, weight_dg, at) VALUES (?, ?, ?)"
_BASELINES = "SELECT tray, weight_dg, at FROM baseline ORDER BY tray"
_SPENT = (
    "SELECT coalesce(sum(total_fen), 0) - (SELECT coalesce(sum(r.fen), 0) FROM refund r JOIN sale s"
    " ON s.order_no = r.order_no WHERE s.buyer = ?1) FROM sale WHERE buyer = ?1"
)
_BOUGHT = (
    "SELECT coalesce(sum(l.amount_fen), 0), coalesce(sum(l.count), 0) FROM sale x JOIN session s"
    " ON s.id = x.session JOIN sale_line l ON l.sale = x.n WHERE x.buyer = ? AND s.closed >= ?"
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A tray's last stable weight, and when it was seen (UTC)."""

    weight: Decigrams
    at: datetime


class Ledger:
    """The open ledger. Made by ``open``; ``close`` leaves a file without a log beside it."""

    def __init__(self, store: Store, identity: Identity, space: Space) -> None:
        self._store = store
        self._identity = identity
        self._space = space
        self._sick = ""
        self._end: End | None = None
        """What the last commit left; None after a failure: then the tables are asked."""
        self._books = stock.books(store.db)
        self.orders = OrderBook(self._read, self._write)

    @classmethod
    def open(
        cls,
        path: Path,
        counter: str,
        now: Instant,
        random_bytes: Callable[[int], bytes],
        space: Space | None = None,
    ) -> "Ledger":
        """The ledger of ``counter`` at ``path``, made where it is not there.

        Raises Busy when another process writes it; CannotCreate where there is no writable place;
        LedgerError when it is damaged, newer than this program, another counter's, or the disk does
        not keep WAL and FULL.
        """
        store = Store.open(path, first_rows(counter, random_bytes(8).hex(), now.wall))
        owner, incarnation = store.query("SELECT counter, incarnation FROM meta")[0]
        if owner != counter:
            store.close()
            raise LedgerError(f"{path}: the ledger of counter {owner}, not of {counter}; one file a counter")
        space = space or Space(path.parent)
        space.keep()
        return cls(store, Identity(counter, incarnation, random_bytes), space)

    @property
    def counter(self) -> str:
        return self._identity.counter

    @property
    def incarnation(self) -> str:
        """16 hex digits, drawn when the file was made: a clone or a new file is another incarnation."""
        return self._identity.incarnation

    @property
    def path(self) -> Path:
        return self._store.path

    def can_sell(self) -> bool:
        """Whether a new session may begin: the last write did not fail, and the disk has room."""
        return not self._sick and self._space.enough()

    @property
    def sick(self) -> str:
        """Why nothing is sold since a write failed, or ""."""
        return self._sick

    def checkpoint(self) -> int:
        """To be called while no session is open; gives the bytes of the write-ahead log afterwards."""
        return self._store.checkpoint()

    def close(self) -> None:
        self._store.close()

    # --- sessions -----------------------------------------------------------------------------------
    def begin_session(self, session: OpenSession, now: Instant) -> None:
        """Journal the grant and, with ``session.pulsed``, the intent to move the bolt, in one commit.

        Raises LedgerError while another session is open.
        """
        self._write(now, lambda db, chain: sessions.begin(db, chain, session))

    def journal(self, session: SessionId, note: str, body: Mapping[str, object], now: Instant) -> None:
        """One durable line: ``pulse`` before the bolt moves, ``door_opened``, ``step``, ``latched`` …"""
        self._write(now, lambda db, chain: sessions.note(db, chain, session, note, body))

    def unfinished(self) -> OpenSession | None:
        """The session that was granted and never closed; there is at most one."""
        return self._read(sessions.unfinished)

    def knows(self, session: SessionId) -> bool:
        """Whether the session was granted or closed here."""
        return self._read(lambda db: sessions.knows(db, session))

    def close_session(self, closed: ClosedSession, now: Instant) -> str | None:
        """All a session leaves behind, in one transaction; gives the number of its sale or of its restock.

        Raises AlreadyClosed, changing nothing, when it was closed before.
        """
        try:
            number = self._write(
                now, lambda db, chain: sessions.close(db, chain, closed, self._books.on_hand)
            )
        except LedgerError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError) and self._read(
                lambda db: sessions.is_closed(db, closed.id)
            ):
                raise AlreadyClosed(f"session {closed.id} is closed already") from error
            raise
        self._book(closed.movements, closed.id)
        return number

    def appeal(self, session: SessionId, reason: str, now: Instant) -> bool:
        """Record that the opener disputes a closed session, once. False: no closed session of that id."""
        return self._write(now, lambda db, chain: sessions.appeal(db, chain, session, reason))

    def spent(self, buyer: BuyerRef) -> Fen:
        """What ``buyer`` has been charged at this counter, all sales together, less what went back."""
        return Fen(self._read(lambda db: db.execute(_SPENT, (buyer,)).fetchone())[0])

    def lowest_deals(self, now: Instant, days: int) -> dict[Sku, Fen]:
        """The lowest price truly paid for a piece in the last ``days`` days, by product."""
        return self._read(lambda db: prices.lowest_deals(db, now, days))

    def bought(self, buyer: BuyerRef, since: datetime) -> tuple[Fen, int]:
        """Fen and pieces that ``buyer`` was charged in sessions that closed since then."""
        fen, pieces = self._read(lambda db: db.execute(_BOUGHT, (buyer, rfc3339(since))).fetchone())
        return Fen(fen), pieces

    # --- quotas -------------------------------------------------------------------------------------
    def drawn(self, account: BuyerRef) -> dict[str, Fen]:
        """What ``account`` has drawn of each quota, by its id; a balance is the cap less this."""
        return self._read(lambda db: quota.used(db, account))

    def owed(self, account: BuyerRef) -> dict[str, Fen]:
        """What ``account`` has still to pay itself, by order, the oldest first."""
        return self._read(lambda db: quota.owed(db, account))

    def lapse(self, lapsing: Sequence[tuple[BuyerRef, Quota, Fen]], now: Instant) -> None:
        """What accounts did not use of quotas that have ended falls back to their unit."""
        self._write(now, lambda db, chain: quota.lapse(db, chain, lapsing))

    def settle(self, order_no: str, reason: str, now: Instant) -> Fen:
        """The buyer has paid, elsewhere, what they owed of an order; gives how much. 0: nothing was owed."""
        return self._write(now, lambda db, chain: quota.settle(db, chain, order_no, reason))

    def refund(
        self,
        order_no: str,
        fen: Fen,
        reason: str,
        now: Instant,
        *,
        line: int | None = None,
        pieces: int = 0,
    ) -> Returned:
        """``fen`` of a sale goes back to what paid it, at most once. Raises NoRefund, changing nothing.

        line: only of this one (from 1). pieces: how many of it count as not sold.
        """
        return self._write(
            now, lambda db, chain: refunds.refund(db, chain, order_no, fen, line, pieces, reason)
        )

    # --- stock --------------------------------------------------------------------------------------
    def open_stock(self, movements: Sequence[Movement], now: Instant) -> bool:
        """Book what lies there when the ledger is new; False, changing nothing, once anything moved."""
        if self._books.on_hand:
            return False
        self.move_stock(movements, None, now)
        return True

    def move_stock(self, movements: Sequence[Movement], session: SessionId | None, now: Instant) -> None:
        """Book movements that no sale makes: restocking, write-offs, corrections."""
        self._write(now, lambda db, chain: stock.move(db, chain, movements, session))
        self._book(movements, session)

    def on_hand(self) -> dict[Place, int]:
        """Pieces booked by tray and product, of whatever ever moved there: the sum of its movements."""
        return dict(self._books.on_hand)

    def last_lots(self) -> dict[Sku, Lot]:
        """The lot of each product that was brought last."""
        return self._read(stock.last_lots)

    def lots(self) -> dict[Place, Lots]:
        """The lots of these pieces, where there are any: their sum is what is on hand."""
        return dict(self._books.lots)

    def _book(self, movements: Sequence[Movement], session: SessionId | None) -> None:
        for moved in movements:
            self._books.book(moved, session)

    def taken_in(self, session: SessionId) -> tuple[Intake, ...]:
        """What the food law wants to be kept of the goods that a restock brought."""
        return self._read(lambda db: intake.of_session(db, session))

    def planogram(self) -> str | None:
        """The version of the planogram that was applied last; None: none ever was."""
        return self._read(facts.last_planogram)

    # --- alarms and facts ---------------------------------------------------------------------------
    def raise_alarm(
        self, kind: str, subject: str, severity: str, detail: str, session: SessionId | None, now: Instant
    ) -> bool:
        """True when the alarm did not stand before; else the row is brought up to date, without an event."""
        stood = self._read(lambda db: alarms.stands_as(db, kind, subject))
        if stood == ("raised", severity, detail):
            return False
        new = stood is None or stood[0] != "raised"
        fact = feed.AlarmRaised(
            mono_ms=int(now.mono * 1000),
            kind=kind,
            subject=subject,
            severity=severity,
            detail=detail,
            session=session,
        )
        self._write(now, lambda db, chain: alarms.put(db, chain, fact, new))
        return new

    def clear_alarm(self, kind: str, subject: str, now: Instant) -> bool:
        """True when the alarm stood."""
        stood = self._read(lambda db: alarms.stands_as(db, kind, subject))
        if stood is None or stood[0] != "raised":
            return False
        self._write(now, lambda db, chain: alarms.clear(db, chain, kind, subject))
        return True

    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms that stand, oldest first."""
        return self._read(alarms.raised)

    def record_fact(self, fact: feed.Fact, subject: str, now: Instant) -> None:
        """An event that has no rows of its own, such as CatalogueApplied."""
        self.record_facts([(fact, subject)], now)

    def record_facts(
        self,
        told: Sequence[tuple[feed.Fact, str]],
        now: Instant,
        ended: Sequence[Ended] = (),
        changes: Sequence[Change] = (),
    ) -> None:
        """Several of them, each with its subject, in one transaction; with the commands that brought them."""

        def work(db: Database, chain: Chain) -> None:
            for fact, subject in told:
                chain.append(fact, subject)
            orders.end(db, chain, ended, changes)

        self._write(now, work)

    def last_time(self) -> datetime | None:
        """The time of the newest event, by the clock of then; None: there is none."""
        at = self.orders.latest()
        return datetime.fromisoformat(at) if at else None

    def clock_told_of(self) -> str:
        """The boot whose good clock was told of last, "": none was lately."""
        told = self._read(facts.last_clock)
        return told.boot if told is not None else ""

    # --- PINs ---------------------------------------------------------------------------------------
    def count_try(self, account: str, now: Instant, limit: int, lock_s: float) -> int | Locked:
        """Count one try, durably, before the PIN is checked; gives its number, or Locked.

        The ``limit``-th try may be checked; unless ``clear_tries`` follows, the account is locked for
        ``lock_s`` seconds from it.
        """
        if left := self.locked_for(account, now):
            return Locked(left)
        before = self._read(lambda db: pins.read(db, account)) or pins.Guard(0, None, 0, now.boot)
        guard = before.tried(now, limit, lock_s)
        self._write(now, lambda db, _: pins.write(db, account, guard))
        return guard.tries

    def know_accounts(self, references: Mapping[str, str], now: Instant) -> None:
        """Tries that an earlier version counted under a login go on under its reference, by login."""
        if self._read(pins.logins):
            self._write(now, lambda db, _: pins.by_reference(db, references))

    def clear_tries(self, account: str, now: Instant) -> None:
        """The PIN was right: its tries are forgotten."""
        if self._read(lambda db: pins.read(db, account)) is not None:
            self._write(now, lambda db, _: pins.forget(db, account))

    def take_back_try(self, account: str, now: Instant) -> None:
        """The last try was right; those before it go on counting."""
        guard = self._read(lambda db: pins.read(db, account))
        if guard is not None:
            self._write(now, lambda db, _: pins.write(db, account, guard.taken_back()))

    def locked_for(self, account: str, now: Instant) -> float:
        """Seconds until ``account`` may try again, 0.0 when it may."""
        guard = self._read(lambda db: pins.read(db, account))
        if guard is None:
            return 0.0
        current = guard.after_boot(now)
        if current is not guard:
            self._write(now, lambda db, _: pins.write(db, account, current))
        return current.left_s(now)

    # --- weights ------------------------------------------------------------------------------------
    def set_baseline(self, weights: Mapping[TrayId, Decigrams], now: Instant) -> None:
        """Remember each tray's stable weight. For the end of a session and for drift, not for each sweep."""
        rows = [(tray, weight, rfc3339(now.wall)) for tray, weight in weights.items()]
        self._write(now, lambda db, _: db.conn.executemany(_BASELINE, rows))

    def baselines(self) -> dict[TrayId, Baseline]:
        """The last stable weights, by tray."""
        rows = self._read(lambda db: db.execute(_BASELINES).fetchall())
        return {tray: Baseline(weight, datetime.fromisoformat(at)) for tray, weight, at in rows}

    # --- what was learnt ----------------------------------------------------------------------------
    def calibrate(self, rows: Sequence[Calibrated], now: Instant) -> None:
        """What was learnt, or taken back, all of it in one transaction with its events."""
        self._write(now, lambda db, chain: calibrations.write(db, chain, rows))

    def calibrations(self) -> tuple[Calibrated, ...]:
        """Everything that was ever learnt or taken back, the oldest first."""
        return self._read(calibrations.history)

    def calibrated(self) -> tuple[Calibrated, ...]:
        """The last change of each lot and of each tray: what is known now."""
        return self._read(calibrations.latest)

    def last_counted(self) -> str | None:
        """The local date of the last nightly audit; None: there never was one."""
        return self._read(counted.last_counted)

    def visited(self) -> datetime:
        """When somebody restocked last; where nobody did, when the books began."""
        return self._read(tended.visited)

    def ask_moved(self, question: Callable[[Iterator[tuple[datetime, int]]], T]) -> T:
        """What ``question`` makes of all that moved, the newest first: it may stop reading early."""
        return self._read(lambda db: question(tended.moved(db)))

    # --- the one way to read, and the one to write ----------------------------------------------------
    def _read(self, question: Callable[[Database], T]) -> T:
        with ledger_errors(self._store.path):
            return question(self._store.db)

    def _write(self, now: Instant, work: Callable[[Database, Chain], T]) -> T:
        """``work`` in one transaction; once more, with the reserve given back, when the disk is full."""
        try:
            return self._attempt(now, work)
        except sqlite3.Error as error:
            if error_name(error) != "SQLITE_FULL" or not self._space.release():
                raise self._failed(error) from error
        try:
            return self._attempt(now, work)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _attempt(self, now: Instant, work: Callable[[Database, Chain], T]) -> T:
        end, self._end = self._end, None
        with self._store.writing() as db:
            chain = Chain(db, self._identity, now, end or end_of(db))
            result = work(db, chain)
            end = chain.finish()
        self._end = end
        return result

    def _failed(self, error: sqlite3.Error) -> LedgerError:
        text = f"{self._store.path}: not written: {error} ({error_name(error)})"
        if isinstance(error, sqlite3.IntegrityError):
            return LedgerError(f"{text}; the file is well, these rows are not: a fault of the program")
        if error_name(error) == "SQLITE_FULL":
            return LedgerError(f"{text}; selling stops until there is room again")
        self._sick = text
        return LedgerError(f"{text}; selling stops: look at the disk, then start the counter again")
