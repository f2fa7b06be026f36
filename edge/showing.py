"""What screens are shown, made from the engine's state. It decides nothing and writes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil

import msgspec

from edge.domain.basket import sale_of
from edge.domain.catalogue import Catalogue
from edge.domain.pricing import Priced, Terms
from edge.domain.records import ClosedSession, TrayEvidence
from edge.domain.session import Event, State
from edge.domain.stock import Lots
from edge.domain.tokens import TokenBook
from edge.domain.values import Instant, Kind, Place, TrayId, rfc3339
from edge.domain.view import (
    BasketView,
    LineView,
    PromotionView,
    QuestionView,
    SessionView,
    TrayView,
    View,
)
from edge.lines import (
    discount_of,
    lines_of,
    option_of,
    paid_views,
    promotion_view,
    reduction_of,
    total_of,
)
from edge.offering import shown
from edge.settings import Counter
from edge.trays import Trays
from edge.turn import Goods
from edge.visit import Visit

RESULT_S = 8.0
"""How long the screen shows a session's result."""

_VISITORS_LIMITS = {Event.PULL_TIMEOUT, Event.OPEN_LONG, Event.OPEN_TOO_LONG, Event.ANSWER_TIMEOUT}
"""The others are the bolt's and the scales' own."""

_NOTICES = (
    ("foreign_object", "foreign"),
    ("silent_tray", "tray_silent"),
    ("blocked_goods", "blocked"),
)
"""Reason of a tray's doubt → what pages say."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A recorded session as its opener and the screen see it."""

    closed: ClosedSession
    visit: Visit
    order_no: str | None
    at: Instant

    def lines(self) -> tuple[LineView, ...]:
        return lines_of(self.visit, self.closed.trays)

    def session(self) -> SessionView:
        closed, sale = self.closed, self.closed.sale
        return SessionView(
            session=closed.id,
            kind=closed.kind,
            state=closed.state,
            lines=self.lines(),
            total_fen=sale.total if sale else 0,
            discount_fen=sale.discount if sale else 0,
            reduction=reduction_of(self.visit, self.lines()),
            certified_fen=sale.certified if sale else 0,
            order_no=self.order_no,
            verdict=closed.verdict,
            notice=self._notice,
            closes_in_s=None,
            opened_at=rfc3339(closed.opened.wall),
            closed_at=rfc3339(closed.closed.wall),
            paid=paid_views(sale.paid) if sale else (),
        )

    def basket(self) -> BasketView:
        sale = self.closed.sale
        return BasketView(
            kind=self.closed.kind,
            state=self.closed.state,
            lines=self.lines(),
            total_fen=sale.total if sale else 0,
            discount_fen=sale.discount if sale else 0,
            reduction=reduction_of(self.visit, self.lines()),
            notice=self._notice,
            order_no=self.order_no,
        )

    @property
    def _notice(self) -> str:
        return self.visit.notice or _notice(self.closed.trays)


class Showing:
    """Draws the counter, and says only what changed."""

    def __init__(self, counter: Counter, tokens: TokenBook) -> None:
        self._counter = counter
        self._tokens = tokens
        self._shown: View | None = None
        self._session: SessionView | None = None

    def view(
        self,
        goods: Goods,
        terms: Terms,
        trays: Trays,
        on_hand: Mapping[Place, int],
        lots: Mapping[Place, Lots],
        visit: Visit | None,
        receipt: Receipt | None,
        reason: str,
        alarms: tuple[str, ...],
        online: bool,
        staffed: bool,
        today: date,
        now: Instant,
        blocked: Callable[[Place], str] = lambda _: "",
        shut: str = "",
    ) -> tuple[View | None, SessionView | None]:
        """The public picture and the running session's, each None where nothing changed.

        terms: what goods cost now; while a session runs, those of its grant are shown. reason: why the
        counter is out of order, "": it is not. staffed: somebody is signed in to fill it. blocked: why
        goods at a place are not sold.
        shut: why buyers are not let in though it works, "": they are.
        """
        evidence = _live(visit, trays, now) if visit else ()
        basket = _basket(visit, evidence, now) if visit else _result(receipt, now)
        token = self._tokens.current(now.mono)
        view = View(
            version=self._shown.version if self._shown else 0,
            counter=self._counter.id,
            name=self._counter.name,
            place=self._counter.place,
            hotline=self._counter.hotline,
            state="RESTOCKING" if staffed else _state(visit, reason),
            reason=reason,
            shut=shut,
            trays=_trays(
                goods,
                shown(visit.facts if visit else None, terms),
                on_hand,
                lots,
                _taken(evidence),
                trays.in_service(now.mono),
                today,
                blocked,
            ),
            basket=basket,
            online=online,
            token=token,
            token_expires_in_s=self._token_left(token, now),
            alarms=alarms,
        )
        return self._news(view), self._session_news(visit, evidence, today, now)

    def _token_left(self, token: str, now: Instant) -> int:
        """Whole seconds of the screen's token, as of the view that first showed it."""
        if self._shown is not None and self._shown.token == token:
            return self._shown.token_expires_in_s
        return ceil(self._tokens.replaced_in(now.mono))

    def _news(self, view: View) -> View | None:
        if view == self._shown:
            return None
        self._shown = msgspec.structs.replace(view, version=view.version + 1)
        return self._shown

    def _session_news(
        self, visit: Visit | None, evidence: tuple[TrayEvidence, ...], today: date, now: Instant
    ) -> SessionView | None:
        session = _session(visit, evidence, today, now) if visit else None
        if session == self._session:
            return None
        self._session = session
        return session


OVER = (State.SETTLED, State.EMPTY, State.REVIEW, State.CANCELLED)


def _state(visit: Visit | None, reason: str) -> str:
    if visit is not None:
        return "RESTOCKING" if visit.facts.kind is Kind.RESTOCK else "BUSY"
    return "OUT_OF_ORDER" if reason else "READY"


def _shown(state: State) -> State:
    """How a visit stands for people: one that is over and still here waits for the ledger, untold."""
    return State.SETTLING if state in OVER else state


def _live(visit: Visit, trays: Trays, now: Instant) -> tuple[TrayEvidence, ...]:
    if visit.state not in (State.OPEN, State.SETTLING):
        return ()
    if visit.question is not None:
        return visit.verdict.trays
    return visit.live(trays, now.mono).trays


def _taken(evidence: tuple[TrayEvidence, ...]) -> dict[Place, int]:
    return {(tray.tray, sku): count for tray in evidence for sku, count in tray.goods if count > 0}


def _result(receipt: Receipt | None, now: Instant) -> BasketView | None:
    if receipt is None or now.mono - receipt.at.mono > RESULT_S:
        return None
    return receipt.basket()


def _basket(visit: Visit, evidence: tuple[TrayEvidence, ...], now: Instant) -> BasketView:
    lines = lines_of(visit, evidence)
    return BasketView(
        kind=visit.facts.kind,
        state=_shown(visit.state),
        lines=lines,
        total_fen=total_of(lines),
        discount_fen=discount_of(lines),
        reduction=reduction_of(visit, lines),
        notice=visit.notice or _notice(evidence),
        closes_in_s=_seconds_left(visit, now),
        question=_question(visit, now),
    )


def _question(visit: Visit, now: Instant) -> QuestionView | None:
    if visit.question is None:
        return None
    first, second = (option_of(visit, option) for option in visit.question)
    return QuestionView(options=(first, second), closes_in_s=_seconds_left(visit, now) or 0)


def _notice(evidence: tuple[TrayEvidence, ...]) -> str:
    """The weightiest thing to tell the visitor about the trays; "": nothing."""
    doubts = {reason for tray in evidence if tray.verdict == "review" for reason in tray.reasons}
    return next((notice for reason, notice in _NOTICES if reason in doubts), "unsure" if doubts else "")


def _session(visit: Visit, evidence: tuple[TrayEvidence, ...], today: date, now: Instant) -> SessionView:
    basket = _basket(visit, evidence, now)
    sale = sale_of(evidence, visit.facts, visit.catalogue.products, today)
    return SessionView(
        session=visit.facts.id,
        kind=basket.kind,
        state=basket.state,
        lines=basket.lines,
        total_fen=basket.total_fen,
        discount_fen=basket.discount_fen,
        reduction=basket.reduction,
        certified_fen=sale.certified if sale else 0,
        order_no=None,
        verdict=None,
        notice=basket.notice,
        closes_in_s=basket.closes_in_s,
        question=basket.question,
        opened_at=rfc3339(visit.facts.opened.wall),
        closed_at=None,
    )


def _seconds_left(visit: Visit, now: Instant) -> int | None:
    """Whole seconds to the next limit that the visitor can keep; None where none runs."""
    limits = [at for event, at in visit.timers.items() if event in _VISITORS_LIMITS]
    return max(0, ceil(min(limits) - now.mono)) if limits else None


def _trays(
    goods: Goods,
    terms: Terms,
    on_hand: Mapping[Place, int],
    lots: Mapping[Place, Lots],
    taken: Mapping[Place, int],
    in_service: Mapping[TrayId, bool],
    today: date,
    blocked: Callable[[Place], str],
) -> tuple[TrayView, ...]:
    catalogue: Catalogue = goods.catalogue
    views = []
    for facing in goods.planogram.facings:
        product, place = catalogue.products[facing.sku], (facing.tray, facing.sku)
        expires_on = goods.planogram.expires_on(place, lots.get(place, ()))
        offer = terms.offered[facing.sku]
        views.append(
            TrayView(
                tray=facing.tray,
                sku=product.sku,
                name=product.name_zh,
                name_en=product.name_en,
                category=product.category,
                age_restricted=product.age_restricted,
                spec=product.spec,
                county=product.county_zh,
                county_en=product.county_en,
                price_fen=offer.fen,
                on_hand=max(0, on_hand.get(place, 0) - taken.get(place, 0)),
                capacity=facing.capacity,
                certified=product.is_certified(today),
                expires_on=expires_on.isoformat() if expires_on else None,
                in_service=in_service[facing.tray],
                blocked=blocked(place),
                list_price_fen=offer.list_fen if offer.promotion else None,
                strike_fen=offer.strike_fen,
                promotion=_own(terms, offer, expires_on, today),
                reduction=promotion_view(terms.reduction_for(facing.sku)),
            )
        )
    return tuple(views)


def _own(terms: Terms, offer: Priced, day: date | None, today: date) -> PromotionView | None:
    """Why these pieces cost less. Fresher ones of a near-expiry product do, too, and are not called so."""
    promotion = terms.named(offer.promotion)
    if promotion is None or not promotion.near(today, day):
        return None
    return promotion_view(promotion)
