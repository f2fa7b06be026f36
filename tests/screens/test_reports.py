"""Reporting a fault over HTTP, and who answers for the counter."""

import io
from datetime import date

import msgspec
import pytest
import zxingcpp
from PIL import Image

from edge import settings as settings_module
from edge.domain.reports import About, FaultReport
from edge.domain.requests import Accepted
from edge.screens.contact import contact_of


@pytest.fixture
def hears(counter):
    counter.engine.reply = lambda request: Accepted(request.id)
    return counter


def test_a_report_reaches_the_engine_without_numbers_of_people(hears, client):
    told = client.post("/api/v1/reports", json={"about": "DOOR", "text": "门关不上，电话 13800000000"})
    assert told.status_code == 202
    assert told.json() == {"about": "DOOR", "text": "门关不上，电话 ●●●"}
    (asked,) = hears.engine.asked
    assert isinstance(asked, FaultReport)
    assert (asked.about, asked.text) == (About.DOOR, "门关不上，电话 ●●●")


def test_a_fourth_report_from_one_address_has_to_wait_and_never_reaches_the_engine(hears, client, problem_of):
    for _ in range(3):
        assert client.post("/api/v1/reports", json={"about": "PRICE"}).status_code == 202
    refused = client.post("/api/v1/reports", json={"about": "PRICE"})
    assert problem_of(refused)["code"] == "TOO_MANY_REPORTS"
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert len(hears.engine.asked) == 3


BAD = [
    pytest.param({"about": "WEATHER"}, 422, id="what it is about"),
    pytest.param({"about": "DOOR", "text": "x" * 201}, 422, id="too long"),
    pytest.param({"about": "DOOR", "name": "x"}, 422, id="more than is asked"),
]


@pytest.mark.parametrize(("body", "status"), BAD)
def test_a_malformed_report_is_refused_and_costs_nobody_a_turn(hears, client, body, status):
    for _ in range(4):
        assert client.post("/api/v1/reports", json=body).status_code == status
    assert hears.engine.asked == []
    assert client.post("/api/v1/reports", json={"about": "DOOR"}).status_code == 202


def test_the_code_for_reports_is_a_picture_of_the_page(client):
    found = client.get("/c/AK-001/report.png")
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(found.content)))
    assert code.text == "http://127.0.0.1:8080/c/AK-001/report"
    assert client.get("/c/AK-002/report.png").status_code == 404


LAPSE = [
    pytest.param(date(2026, 12, 31), False, id="its last day"),
    pytest.param(date(2027, 1, 1), True, id="the day after"),
]


@pytest.mark.parametrize(("today", "lapsed"), LAPSE)
def test_a_filing_is_told_with_whether_it_still_holds(counter, today, lapsed):
    known = msgspec.structs.replace(counter.settings().counter, filing_valid_to=date(2026, 12, 31))
    assert contact_of(known, today).filing_lapsed is lapsed


def test_what_is_not_registered_is_told_as_empty_and_never_made_up(client):
    told = client.get("/api/v1/contact").json()
    assert (told["operator"], told["filing_no"], told["filing_valid_to"]) == ("", "", None)
    assert (told["filing_lapsed"], told["complaint_line"]) == (False, "12315")
    assert settings_module.Counter(id="A", name="n", place="p", hotline="h").complaint_line == "12315"
