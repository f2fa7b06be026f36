"""The feed's description: it is AsyncAPI 3, it is of today's code, and what is really sent is of its form."""

import importlib.util
import json
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft7Validator

from cloud_bridge import feed
from cloud_bridge.asyncapi import CHANNELS, document
from cloud_bridge.commands import BODIES, Command, Document, Resume

ROOT = Path(__file__).parents[2]
SPEC = Draft7Validator(json.loads((ROOT / "tests/data/asyncapi/3.0.0.json").read_text("utf-8")))
_SPEC = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
make_docs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make_docs)
TEXTS = make_docs.texts()
TOLD = json.loads(msgspec.json.encode(document("0")))


def errors(name, value):
    """What is wrong with ``value`` as the schema of this name has it."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": TOLD["components"]}
    return [each.message for each in Draft7Validator(schema).iter_errors(value)]


@pytest.mark.parametrize("name", TEXTS)
def test_the_committed_documents_are_what_the_code_makes(name):
    assert (make_docs.DOCS / name).read_text("utf-8") == TEXTS[name], "run: python tools/make_docs.py"


def test_the_document_is_asyncapi_3():
    assert [each.message for each in SPEC.iter_errors(TOLD)] == []


@pytest.mark.parametrize(
    "broken",
    [
        {"asyncapi": "2.6.0"},
        {"channels": {"events": {"adress": "x"}}},
        {"operations": {"send": {"action": "shout", "channel": {"$ref": "#/channels/events"}}}},
    ],
)
def test_the_published_schema_refuses_what_is_no_asyncapi(broken):
    assert list(SPEC.iter_errors(TOLD | broken))


def test_every_reference_leads_somewhere():
    def references(value):
        if isinstance(value, dict):
            yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            yield from references(each)

    for reference in references(TOLD):
        found = TOLD
        for part in reference.removeprefix("#/").split("/"):
            assert part in found, reference
            found = found[part]


def test_every_topic_of_the_feed_has_its_channel():
    leaves = ("events", "presence", "live", "health", "acks", "commands")
    topics = {feed.topic("{counter}", leaf) for leaf in leaves} | {feed.CENTRE_STATE}
    assert {each.address for each in CHANNELS.values()} == topics


def test_real_events_are_of_their_schema_and_of_no_other(make):
    sale, alarm = make.sale(1), feed.AlarmRaised(mono_ms=2, kind="DOOR_OPEN", subject="1", severity="MAJOR")
    verdict = feed.TrayVerdict(
        tray="1-01",
        verdict="charge",
        goods=(feed.Goods(sku="ZY-WATER-500", count=1),),
        before_dg=1,
        after_dg=0,
        delta_dg=-1,
        residual_dg=0,
        curve=((1, 20), (2, 30)),
    )
    closed = feed.SessionClosed(
        mono_ms=3,
        session="1" * 32,
        kind="BUY",
        state="SETTLED",
        opener="sample-buyer",
        verdict="charge",
        reasons=(),
        trays=(verdict,),
        opened_at="2026-11-24T02:00:00Z",
        closed_at="2026-11-24T02:00:01Z",
    )
    for body in make.chain([sale, alarm, closed]):
        event = json.loads(body)
        assert errors("event", event) == []
        assert errors("event", event | {"type": "catalogue.applied.v1"})
        assert errors("event", event | {"prev": "0"})
        assert errors("event", event | {"seq": 0})
    torn = event | {"data": event["data"] | {"trays": [event["data"]["trays"][0] | {"curve": [[1, 2, 3]]}]}}
    assert errors("event", torn)


@pytest.mark.parametrize(("kind", "name"), feed.TYPES.items())
def test_every_type_of_fact_is_described(kind, name):
    assert TOLD["components"]["schemas"][kind.__name__]["required"]
    assert {"$ref": f"#/components/schemas/{name}"} in TOLD["components"]["schemas"]["event"]["oneOf"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "Ack",
            feed.Ack(inc="a", through=4, have=((6, 9),), reject=(feed.Rejected(seq=7, code="unreadable"),)),
        ),
        ("Presence", feed.Presence(online=False)),
        ("Live", feed.Live(session="s", state="OPEN", lines=(), total_fen=0, mono_ms=1)),
        (
            "Health",
            feed.Health(backlog=0, through=1, parked=0, version="0", engine=feed.EngineHealth(state="IDLE")),
        ),
    ],
)
def test_what_is_said_beside_the_events_is_of_its_schema(name, said):
    assert errors(name, json.loads(msgspec.json.encode(said))) == []
    assert errors(name, {})


def test_a_command_is_of_its_kind_and_holds_nothing_else():
    def order(kind, body):
        made = Command(
            id="0" * 26,
            aud="T-001",
            nonce="0" * 32,
            issued=1,
            expires=2,
            kind=kind,
            body=msgspec.Raw(msgspec.json.encode(body)),
        )
        return json.loads(msgspec.json.encode(made))

    part = Document(version="1", sha256="0" * 64, data="")
    assert errors("command", order("resume", Resume(reason="示例"))) == []
    assert errors("command", order("prices", part)) == []
    assert errors("command", order("prices", Resume(reason="示例")))
    assert errors("command", order("shell", Resume(reason="示例")))
    assert errors("command", order("resume", {"reason": "示例", "too": 1}))
    assert len(TOLD["components"]["schemas"]["command"]["oneOf"]) == len(BODIES)


def test_the_document_names_the_programs_version():
    assert json.loads(TEXTS["asyncapi.json"])["info"]["version"] == version("smart-counter")
