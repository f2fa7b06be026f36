"""The picture of a tray's curve over HTTP: for the session's opener alone, without weights, cached well."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from edge.curves.labels import Mark
from edge.curves.picture import PHONE, PHONE_LARGE, drawn, picture
from edge.domain.records import Happened
from edge.domain.values import Decigrams
from edge.ledger.trays import PastTray
from edge.screens.curves import seen_of

BODY = {"kind": "BUY", "token": "tok-1", "buyer": "demo-001", "pin": "246810"}
WATER = PastTray(
    verdict="charge",
    curve=((0, 62_400), (80, 62_400), (80, 52_000), (143, 52_000), (144, 57_200), (280, 57_200)),
    events=(Happened(8.04, "TAKE", 2), Happened(14.3, "PUT_BACK", 1)),
    before=Decigrams(62_400),
    after=Decigrams(57_200),
    residual=Decigrams(12),
    pieces=(12, 11),
    door=(2.2, 24.6),
)


@pytest.fixture
def path(counter, session_id):
    counter.curves[session_id, "1-01"] = WATER
    return f"/api/v1/sessions/{session_id}/trays/1-01/curve.png"


@pytest.mark.parametrize(
    ("query", "lang"), [("", "zh"), ("?lang=zh", "zh"), ("?lang=en", "en"), ("?lang=x", "zh")]
)
def test_the_opener_gets_the_picture_without_weights(client, path, query, lang):
    answer = client.get(path + query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content == picture(seen_of(WATER), PHONE, grams=False, lang=lang)
    assert Image.open(io.BytesIO(answer.content)).size == (640, 240)


def test_large_type_has_a_picture_with_larger_words(client, path):
    large = client.get(f"{path}?large=1").content
    assert large == picture(seen_of(WATER), PHONE_LARGE, grams=False)
    assert Image.open(io.BytesIO(large)).size == (480, 264)


def test_what_the_ledger_keeps_becomes_what_is_drawn():
    seen = seen_of(WATER)
    assert seen.marks == (Mark(80, "TAKE", 2), Mark(143, "PUT_BACK", 1))
    assert (seen.door, seen.pieces) == ((22, 246), (12, 11))
    texts = drawn(seen, PHONE, grams=False, dark=False, lang="zh", scale=1).said
    assert "取走 2 件" in texts
    assert not [text for text in texts if "g" in text or "克" in text]


def test_a_picture_is_kept_by_the_phone_alone_and_not_sent_twice(client, path):
    first = client.get(path)
    assert first.headers["cache-control"].startswith("private, max-age=")
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(f"{path}?lang=en").headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("tray", "kept"),
    [
        pytest.param("1-02", WATER, id="another tray"),
        pytest.param("1-01", replace(WATER, curve=()), id="no curve kept"),
        pytest.param("1-01", replace(WATER, verdict="empty"), id="nothing happened there"),
        pytest.param("..%2F..", WATER, id="no tray's name"),
    ],
)
def test_where_there_is_no_curve_the_answer_says_so(
    client, counter, path, session_id, problem_of, tray, kept
):
    counter.curves[session_id, "1-01"] = kept
    answer = client.get(f"/api/v1/sessions/{session_id}/trays/{tray}/curve.png")
    assert (answer.status_code, problem_of(answer)["code"]) == (404, "NOT_FOUND")


def test_another_phone_does_not_learn_that_there_is_a_session(counter, path, problem_of):
    opener = counter.client()
    opener.post("/api/v1/sessions", json=BODY)
    assert opener.get(path).status_code == 200
    for cookie in ({"Cookie": ""}, {"Cookie": "opener=guess"}):
        answer = opener.get(path, headers=cookie)
        assert (answer.status_code, problem_of(answer)["code"]) == (404, "UNKNOWN_SESSION")
