"""The web thread for real: a socket, a thread, streams that last."""

import re
import socket
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from edge.domain.view import SessionView, View
from edge.screens.server import PortTaken, WebThread
from edge.screens.streams import MAX_STREAMS, OWN_STREAMS


@pytest.fixture
def web(counter) -> Iterator[WebThread]:
    thread = WebThread(counter.app(), counter.stage, "127.0.0.1", 0)
    thread.start()
    yield thread
    thread.stop()
    assert not thread.alive()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5) as client:
        yield client


class Events:
    """What a stream says, block by block."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self._text = response.iter_text()
        self._rest = ""

    def block(self) -> str:
        while "\n\n" not in self._rest:
            self._rest += next(self._text)
        block, self._rest = self._rest.split("\n\n", 1)
        return block

    def to_the_end(self) -> None:
        for _ in self._text:
            pass

    def value(self, kind: type) -> tuple[str, object]:
        """The id and the body of the next event."""
        found = re.fullmatch(r"id: (.+)\ndata: (.+)", self.block())
        assert found
        return found[1], msgspec.json.decode(found[2], type=kind)


def test_a_free_port_is_found_and_told(web, http):
    assert web.port != 0
    assert http.get(f"{web.url}/healthz").json() == {"status": "ok"}


def test_a_taken_port_is_named_with_what_to_do(counter):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port}: .*in use.*screens\.port") as caught:
            WebThread(counter.app(), counter.stage, "127.0.0.1", port).start()
    assert caught.value.exit_code == 69


def test_the_stream_tells_all_on_connect_then_the_newest(web, http, counter, make_view):
    with http.stream("GET", f"{web.url}/live") as response:
        events = Events(response)
        assert events.headers["content-type"].startswith("text/event-stream")
        assert events.headers["x-accel-buffering"] == "no"
        assert events.block().startswith("retry: ")
        assert events.value(View) == ("7", make_view())
        counter.stage.show(make_view(version=8, state="BUSY"))
        assert events.value(View) == ("8", make_view(version=8, state="BUSY"))


def test_a_slow_page_is_not_told_everything_but_the_newest(web, http, counter, make_view):
    with http.stream("GET", f"{web.url}/live") as response:
        events = Events(response)
        events.block()
        for version in range(8, 3000):
            counter.stage.show(make_view(version=version))
        told = [events.value(View)[0]]
        while told[-1] != "2999":
            told.append(events.value(View)[0])
    assert len(told) < 2993


def test_only_the_screens_stream_holds_the_token(web, http):
    with http.stream("GET", f"{web.url}/live", headers={"X-Forwarded-For": "192.0.2.9"}) as response:
        events = Events(response)
        events.block()
        _, view = events.value(View)
    assert (view.token, view.token_expires_in_s) == ("", 0)


def test_a_stream_shows_that_it_lives(web, http):
    with http.stream("GET", f"{web.url}/live?beat=1") as response:
        events = Events(response)
        blocks = [events.block() for _ in range(3)]
    assert blocks[2].startswith(":")


def test_the_opener_can_follow_the_session(web, http, counter, make_session, session_id):
    url = f"{web.url}/api/v1/sessions/{session_id}/live"
    assert http.get(url).status_code == 404
    counter.stage.show_session(make_session(state="OPEN", verdict=None))
    with http.stream("GET", url) as response:
        events = Events(response)
        events.block()
        assert events.value(SessionView)[1].state == "OPEN"
        counter.stage.show_session(make_session())
        assert events.value(SessionView)[1] == make_session()


def test_stopping_ends_open_streams_and_the_engine_may_go_on_showing(web, http, counter, make_view):
    with http.stream("GET", f"{web.url}/live") as response:
        events = Events(response)
        events.block()
        web.stop()
        assert not web.alive()
        events.to_the_end()
    counter.stage.show(make_view(version=9))
    web.stop()


def test_a_web_thread_can_be_started_again_over_the_same_stage(web, http, counter):
    web.stop()
    again = WebThread(counter.app_again(), counter.stage, "127.0.0.1", web.port)
    again.start()
    try:
        with http.stream("GET", f"{again.url}/live") as response:
            events = Events(response)
            events.block()
            assert events.value(View)[0] == "7"
    finally:
        again.stop()


@pytest.mark.parametrize(
    ("peer", "streams"), [("192.0.2.9", MAX_STREAMS), ("127.0.0.1", MAX_STREAMS + OWN_STREAMS)]
)
def test_too_many_streams_are_refused_and_strangers_before_the_screen(
    counter, monkeypatch, problem_of, peer, streams
):
    monkeypatch.setattr(type(counter.stage), "streams", property(lambda _stage: streams))
    answer = counter.client(peer).get("/live")
    assert (problem_of(answer)["code"], answer.headers["retry-after"]) == ("TOO_MANY_PAGES", "5")


def connected(web: WebThread) -> socket.socket:
    return socket.create_connection(("127.0.0.1", web.port), timeout=5)


def cut_off(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_a_connection_that_never_finishes_its_request_is_cut_off(web, http, mocker):
    mocker.patch("edge.screens.server.FIRST_REQUEST_S", 0.05)
    with connected(web) as slow:
        slow.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        assert cut_off(slow)
    assert http.get(f"{web.url}/healthz").status_code == 200


def test_connections_beyond_the_most_are_cut_off_and_those_before_served(web, mocker):
    mocker.patch("edge.screens.server.MOST_CONNECTIONS", 1)
    with connected(web) as first:
        first.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert first.recv(12) == b"HTTP/1.1 200"
        with connected(web) as second:
            assert cut_off(second)


def test_an_origin_that_is_none_is_a_foreign_one(web, http):
    answer = http.post(f"{web.url}/api/v1/sessions", headers={"Origin": "http://["}, json={})
    assert answer.json()["code"] == "CROSS_ORIGIN"
