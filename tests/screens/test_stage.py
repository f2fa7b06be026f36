"""The meeting point of engine and web thread, and the parts that need no server."""

import asyncio
import threading

import pytest

from edge.domain.requests import Accepted, Granted
from edge.screens.openers import Openers
from edge.screens.stage import SESSIONS_KEPT, Stage
from edge.screens.streams import comment_every


def test_the_newest_view_wins(make_view):
    stage = Stage()
    assert stage.view() is None
    for version in range(1000):
        stage.show(make_view(version=version))
    assert stage.view().version == 999


def test_a_restarted_engine_may_show_a_smaller_version(make_view):
    stage = Stage()
    stage.show(make_view(version=900))
    stage.show(make_view(version=1))
    assert stage.view().version == 1


def test_the_last_200_sessions_are_kept_and_a_change_counts_as_new(make_session):
    stage = Stage()
    stage.show_session(make_session(session="first"))
    for n in range(SESSIONS_KEPT - 1):
        stage.show_session(make_session(session=f"s{n}"))
    stage.show_session(make_session(session="first", total_fen=9))
    stage.show_session(make_session(session="one more"))
    assert stage.session("first").total_fen == 9
    assert stage.session("s0") is None
    assert stage.session("s1") is not None


def test_each_asker_gets_the_answer_to_its_own_question(session_id):
    stage = Stage()
    first, second = stage.expect("1"), stage.expect("2")
    stage.answer(Granted("2", session_id))
    stage.answer(Accepted("1"))
    assert (first.result(0), second.result(0)) == (Accepted("1"), Granted("2", session_id))


def test_an_answer_nobody_waits_for_is_dropped(session_id):
    stage = Stage()
    stage.answer(Granted("never asked", session_id))
    stage.expect("left").cancel()
    stage.answer(Granted("left", session_id))
    forgotten = stage.expect("forgotten")
    stage.forget("forgotten")
    stage.answer(Granted("forgotten", session_id))
    assert not forgotten.done()


def test_the_engine_may_show_before_the_web_thread_starts_and_after_it_ended(make_view):
    stage = Stage()
    stage.show(make_view(version=1))

    async def nothing() -> None:
        stage.bind(asyncio.get_running_loop())

    asyncio.run(nothing())  # the loop is closed now, and was never unbound
    stage.show(make_view(version=2))
    assert stage.view().version == 2


def test_many_threads_may_show_and_read_at_once(make_view, make_session):
    stage = Stage()

    def work(name: str) -> None:
        for n in range(200):
            stage.show(make_view(version=n))
            stage.show_session(make_session(session=f"{name}-{n}"))
            assert stage.view() is not None
            assert stage.session(f"{name}-{n}") is not None

    failures: list[BaseException] = []
    old, threading.excepthook = threading.excepthook, lambda args: failures.append(args.exc_value)
    try:
        threads = [threading.Thread(target=work, args=("a",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = old
    assert failures == []


def test_what_runs_down_has_run_down_when_it_is_read_later(make_view, make_basket, make_session, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stage = Stage()
    stage.show(make_view(token_expires_in_s=30, basket=make_basket(closes_in_s=10)))
    stage.show_session(make_session(closes_in_s=5))
    now[0] = 107.9
    view = stage.view()
    assert (view.token_expires_in_s, view.basket.closes_in_s) == (23, 3)
    assert stage.session(make_session().session).closes_in_s == 0


def test_a_tokens_time_runs_on_when_the_engine_shows_something_else_meanwhile(make_view, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stage = Stage()
    stage.show(make_view(version=1, token="a", token_expires_in_s=30))
    now[0] = 120.0
    stage.show(make_view(version=2, token="a", token_expires_in_s=30))
    now[0] = 121.0
    assert stage.view().token_expires_in_s == 9
    stage.show(make_view(version=3, token="b", token_expires_in_s=30))
    assert stage.view().token_expires_in_s == 30


BEATS = [
    (None, 15.0),
    ("2", 2.0),
    ("0", 1.0),
    ("99", 15.0),
    ("-1", 15.0),
    ("x", 15.0),
    ("²", 15.0),
    ("", 15.0),
]


@pytest.mark.parametrize(("asked", "seconds"), BEATS)
def test_a_page_may_ask_for_signs_of_life_more_often_but_not_less(asked, seconds):
    assert comment_every(asked) == seconds


def test_the_same_session_keeps_its_cookie_and_old_ones_are_forgotten():
    openers = Openers()
    secret = openers.secret_of("a")
    assert openers.secret_of("a") == secret
    assert openers.may_see("a", secret)
    assert not openers.may_see("a", None)
    for n in range(1000):
        openers.secret_of(f"s{n}")
    assert openers.may_see("a", None), "as after a restart: the id alone, which only the opener was told"


def test_a_wrong_cookie_does_not_lock_the_opener_out():
    openers = Openers()
    secret = openers.secret_of("a")
    openers.may_see("a", "guess")
    assert openers.may_see("a", None)
    assert openers.may_see("a", secret)
    assert not openers.may_see("a", "ü")
