"""The cluster's files say what mosquitto's say: the access list by a table, settings by what must be on."""

import re
from pathlib import Path

import pytest

from cloud_bridge.central.trust import broker_files

CONFIG = Path(__file__).parents[2] / "config" / "cluster"
WORKERS = ["centre-1", "centre-2"]
LEAVES = ("events", "presence", "live", "health", "acks", "commands")
PLACES = [
    *(f"counters/{who}/{leaf}" for who in ("AK-001", "AK-002", "+") for leaf in LEAVES),
    *("centre/state", "counters/#", "#", "+/+/+", "$SYS/broker/load", "counters/AK-001/AK-002/events"),
]


def covers(pattern, topic):
    """Whether every topic that the filter ``topic`` means is one that ``pattern`` means."""
    wanted, asked = pattern.split("/"), topic.split("/")
    return len(wanted) == len(asked) and all(
        a == b or (a == "+" and b != "#") for a, b in zip(wanted, asked, strict=True)
    )


def by_mosquitto(text, user, action, topic):
    """user lines begin a block; patterns count for everybody. Verbs: read, write, readwrite."""
    verb, block = {"publish": "write", "subscribe": "read"}[action], None
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "user":
            block = rest
        elif word == "pattern" or (word == "topic" and block == user):
            may, _, pattern = rest.partition(" ")
            if verb in may and covers(pattern.replace("%u", user), topic):
                return True
    return False


TERM = re.compile(r'\{(allow|deny), (all|\{username, "([^"]+)"\})(?:, (publish|subscribe), \[(.*)\])?\}\.')


def by_emqx(text, user, action, topic):
    """The first term that fits decides."""
    for line in text.splitlines():
        if line.startswith("%"):
            continue
        verdict, who, name, what, topics = TERM.fullmatch(line).groups()
        named = re.findall(r'"([^"]+)"', topics or "")
        fits = what is None or any(covers(each.replace("${username}", user), topic) for each in named)
        if (who == "all" or name == user) and what in (None, action) and fits:
            return verdict == "allow"
    return False


@pytest.mark.parametrize("user", ["AK-001", "AK-002", *WORKERS, "stranger"])
def test_both_access_lists_allow_the_same(user):
    """Also what a worker may by the patterns that hold for every name."""
    mosquitto, emqx = broker_files.acl(WORKERS), broker_files.emqx_acl(WORKERS)
    for action in ("publish", "subscribe"):
        for topic in PLACES:
            wanted = by_mosquitto(mosquitto, user, action, topic)
            assert by_emqx(emqx, user, action, topic) == wanted, (user, action, topic)


def test_the_table_knows_yes_and_no():
    text = broker_files.emqx_acl(WORKERS)
    assert by_emqx(text, "AK-001", "publish", "counters/AK-001/events")
    assert not by_emqx(text, "AK-001", "publish", "counters/AK-002/events")
    assert not by_emqx(text, "AK-001", "publish", "counters/AK-001/commands")
    assert by_emqx(text, "centre-2", "subscribe", "counters/+/events")
    assert not by_emqx(text, "AK-001", "subscribe", "counters/+/events")


MUST = {
    "listeners.tcp.default.enable": "false",
    "listeners.ssl.default.ssl_options.verify": '"verify_peer"',
    "listeners.ssl.default.ssl_options.fail_if_no_peer_cert": "true",
    "mqtt.peer_cert_as_username": '"cn"',
    "mqtt.peer_cert_as_clientid": '"cn"',
    "mqtt.max_packet_size": '"64KB"',
    "mqtt.session_expiry_interval": '"0s"',
    "authorization.no_match": '"deny"',
}


def test_the_clusters_sample_keeps_strangers_out():
    lines = (CONFIG / "emqx.conf").read_text().splitlines()
    found = dict(line.split(" = ", 1) for line in lines if line and not line.startswith("#"))
    assert {name: found.get(name) for name in MUST} == MUST


@pytest.mark.parametrize("line", ["fsync", "full_page_writes", "synchronous_commit"])
def test_the_databases_sample_gives_no_promise_away(line):
    assert not re.search(rf"^{line}\b", (CONFIG / "postgresql.conf").read_text(), re.MULTILINE)
