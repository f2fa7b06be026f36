"""Views some seconds after they were made. It knows which of their numbers run down, and no clock."""

import msgspec

from edge.domain.view import BasketView, QuestionView, SessionView, View


def _less(seconds: int | None, elapsed: float) -> int | None:
    return None if seconds is None else max(0, seconds - int(elapsed))


def _aged_question(question: QuestionView | None, elapsed: float) -> QuestionView | None:
    if question is None:
        return None
    return msgspec.structs.replace(question, closes_in_s=max(0, question.closes_in_s - int(elapsed)))


def aged_basket(basket: BasketView, elapsed: float) -> BasketView:
    """``basket`` as it reads ``elapsed`` seconds later."""
    return msgspec.structs.replace(
        basket,
        closes_in_s=_less(basket.closes_in_s, elapsed),
        question=_aged_question(basket.question, elapsed),
    )


def aged_session(session: SessionView, elapsed: float) -> SessionView:
    """``session`` as it reads ``elapsed`` seconds later."""
    return msgspec.structs.replace(
        session,
        closes_in_s=_less(session.closes_in_s, elapsed),
        question=_aged_question(session.question, elapsed),
    )


def aged(view: View, elapsed: float, token_elapsed: float) -> View:
    """``view`` as it reads ``elapsed`` seconds later: what runs down has run down.

    token_elapsed: seconds since the token was first shown, which may be several views ago.
    """
    return msgspec.structs.replace(
        view,
        token_expires_in_s=max(0, view.token_expires_in_s - int(token_elapsed)),
        basket=None if view.basket is None else aged_basket(view.basket, elapsed),
    )


def without_token(view: View) -> View:
    """``view`` for everybody but the screen before which the buyer stands."""
    return msgspec.structs.replace(view, token="", token_expires_in_s=0)
