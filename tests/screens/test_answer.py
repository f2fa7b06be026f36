"""The buyer's answer to "A or B" over HTTP: who may give it, what it may say, what the engine hears."""

import msgspec
import pytest

from edge.domain.requests import Accepted, AnswerRequest, Refusal, Refused
from edge.domain.view import OptionView, QuestionView
from edge.screens.aging import aged, aged_session

OPEN = {"kind": "BUY", "token": "tok-1", "buyer": "demo-001", "pin": "246810"}
SCREEN = "/api/v1/screen/answer"
OTHERS = [
    pytest.param("192.0.2.9", {}, id="another machine"),
    pytest.param("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, id="through a proxy"),
    pytest.param("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, id="through a proxy, RFC 7239"),
]


@pytest.fixture
def question() -> QuestionView:
    nothing = OptionView(lines=(), total_fen=0)
    return QuestionView(options=(nothing, nothing), closes_in_s=15)


@pytest.fixture
def asking(counter):
    """A counter whose engine takes one answer and no second one."""
    told = []

    def reply(request):
        if not isinstance(request, AnswerRequest):
            return Accepted(request.id)
        if told:
            return Refused(request.id, Refusal.NOT_ASKED, "it was answered")
        told.append(request)
        return Accepted(request.id)

    counter.engine.reply = reply
    return counter


def answers(counter) -> list[AnswerRequest]:
    return [one for one in counter.engine.asked if isinstance(one, AnswerRequest)]


@pytest.mark.parametrize("choice", [0, 1, None])
def test_the_openers_choice_reaches_the_engine_with_the_session(asking, session_id, choice):
    answer = asking.client().post(f"/api/v1/sessions/{session_id}/answer", json={"choice": choice})
    assert (answer.status_code, answer.json()) == (202, {"choice": choice})
    assert answer.headers["cache-control"] == "no-store"
    (asked,) = answers(asking)
    assert asked == AnswerRequest(asked.id, session_id, choice)


@pytest.mark.parametrize("choice", [0, 1, None])
def test_a_choice_at_the_counters_own_screen_names_no_session(asking, choice):
    answer = asking.client().post(SCREEN, json={"choice": choice})
    assert (answer.status_code, answer.json()) == (202, {"choice": choice})
    (asked,) = answers(asking)
    assert asked == AnswerRequest(asked.id, None, choice)


@pytest.mark.parametrize(("peer", "headers"), OTHERS)
def test_only_the_screen_itself_answers_for_the_screen(asking, problem_of, peer, headers):
    answer = asking.client(peer=peer).post(SCREEN, json={"choice": 0}, headers=headers)
    assert (answer.status_code, problem_of(answer)["code"]) == (403, "SCREEN_ONLY")
    assert answers(asking) == []


def test_once_the_openers_browser_is_known_the_id_alone_answers_nothing(counter, problem_of, session_id):
    client = counter.client()
    client.post("/api/v1/sessions", json=OPEN)
    counter.engine.reply = lambda request: Accepted(request.id)
    path = f"/api/v1/sessions/{session_id}/answer"
    assert client.post(path, json={"choice": 0}).status_code == 202, "the opener's own cookie"
    for cookie in ("", "opener=guess"):
        answer = client.post(path, json={"choice": 1}, headers={"Cookie": cookie})
        assert (answer.status_code, problem_of(answer)["code"]) == (404, "UNKNOWN_SESSION")
    assert [one.choice for one in answers(counter)] == [0]


def test_phone_and_screen_answering_at_once_the_second_is_told_that_nothing_is_asked(
    asking, problem_of, session_id
):
    client = asking.client()
    assert client.post(f"/api/v1/sessions/{session_id}/answer", json={"choice": 1}).status_code == 202
    for path in (SCREEN, f"/api/v1/sessions/{session_id}/answer"):
        document = problem_of(client.post(path, json={"choice": 0}))
        assert (document["status"], document["code"]) == (409, "NOT_ASKED")
        assert document["detail"] == "it was answered"


BAD_BODIES = [
    pytest.param({}, 422, "BAD_FIELD", "choice", id="no choice is not the choice of neither"),
    pytest.param({"choice": 2}, 422, "BAD_FIELD", "choice", id="a third option"),
    pytest.param({"choice": -1}, 422, "BAD_FIELD", "choice", id="a number below"),
    pytest.param({"choice": "A"}, 422, "BAD_FIELD", "choice", id="a letter"),
    pytest.param({"choice": True}, 422, "BAD_FIELD", "choice", id="a truth value"),
    pytest.param({"choice": 1.0}, 422, "BAD_FIELD", "choice", id="a fraction"),
    pytest.param({"choice": 0, "total_fen": 0}, 422, "BAD_FIELD", "total_fen", id="an unknown field"),
    pytest.param(b"{", 400, "BAD_JSON", "", id="half a body"),
    pytest.param(b'{"choice": ' + b" " * 17_000 + b"0}", 413, "TOO_LARGE", "", id="too large"),
]


@pytest.mark.parametrize("screen", [True, False], ids=["screen", "phone"])
@pytest.mark.parametrize(("body", "status", "code", "field"), BAD_BODIES)
def test_a_wrong_answer_never_reaches_the_engine(
    asking, problem_of, session_id, screen, body, status, code, field
):
    path = SCREEN if screen else f"/api/v1/sessions/{session_id}/answer"
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    document = problem_of(asking.client().post(path, content=content))
    assert (document["status"], document["code"], document.get("field", "")) == (status, code, field)
    assert answers(asking) == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_answers_for_nobody(asking, problem_of, session_id, headers):
    client = asking.client()
    for path in (SCREEN, f"/api/v1/sessions/{session_id}/answer"):
        answer = client.post(path, json={"choice": 0}, headers=headers)
        assert problem_of(answer)["code"] == "CROSS_ORIGIN"
    assert answers(asking) == []


def test_a_silent_engine_is_a_timeout_and_the_answer_may_be_given_again(counter, problem_of, session_id):
    counter.engine.reply = lambda _request: None
    client = counter.client(ask_s=0.02)
    document = problem_of(client.post(f"/api/v1/sessions/{session_id}/answer", json={"choice": 0}))
    assert (document["status"], document["code"]) == (503, "TIMEOUT")
    assert counter.stage.askers == 0


def test_the_opener_is_told_the_question_with_both_baskets_and_their_prices(
    client, counter, make_session, session_id
):
    settled = make_session()
    question = QuestionView(
        options=(OptionView(lines=settled.lines, total_fen=350), OptionView(lines=(), total_fen=0)),
        closes_in_s=15,
    )
    counter.stage.show_session(make_session(state="SETTLING", question=question))
    told = client.get(f"/api/v1/sessions/{session_id}").json()["question"]
    assert told["closes_in_s"] == 15
    assert [option["total_fen"] for option in told["options"]] == [350, 0]
    assert [line["sku"] for line in told["options"][0]["lines"]] == ["ZY-WATER-500"]


@pytest.mark.parametrize(("elapsed", "left"), [(0.0, 15), (4.9, 11), (20.0, 0)])
def test_a_page_that_comes_late_is_told_how_long_it_may_still_answer(
    make_view, make_basket, make_session, question, elapsed, left
):
    basket = make_basket(state="SETTLING", closes_in_s=15, question=question)
    shown = aged(make_view(basket=basket), elapsed, 0.0).basket
    session = aged_session(make_session(question=question), elapsed)
    assert (shown.question.closes_in_s, session.question.closes_in_s) == (left, left)
    assert shown.question.options == question.options
