"""The other programs of ``bench feed``: a bare publisher on paho, and a listener in the centre's place.

``python -m edge.bench.feed_peers bare|listen …``. The listener opens no event: it counts and answers, so
that it is as little as possible what is measured.
"""

import json
import re
import sys
import threading
import zlib
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

import click
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

EVENT = b'"specversion"'
_KEY = re.compile(rb'"inc":"([0-9a-f]+)","seq":(\d+)')


@click.group()
def main() -> None:
    """Parts of a benchmark; nothing to start by hand."""


@main.command()
@click.argument("port", type=int)
@click.argument("events", type=int)
def listen(port: int, events: int) -> None:
    """Say when the first and the last of so many events came; acknowledge each message as a centre does."""
    arrived: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
    client = _client(port, lambda _c, _u, message: arrived.put((message.topic, message.payload)))
    client.subscribe("counters/+/events", 1)
    _say("ready")
    seen = 0
    while seen < events:
        topic, body = arrived.get()
        if not seen:
            _say("first")
        seen += _taken(client, topic, body)
    _say("last")
    threading.Event().wait()


def _taken(client: mqtt.Client, topic: str, body: bytes) -> int:
    """How many events the message had; its highest number is acknowledged."""
    opened = zlib.decompress(body) if body[:1] == b"\x78" else body
    inc, seq = _KEY.findall(opened[opened.rfind(EVENT) :])[0]
    ack = {"inc": inc.decode(), "through": int(seq)}
    client.publish(topic.removesuffix("events") + "acks", json.dumps(ack), 1)
    return opened.count(EVENT)


@main.command()
@click.argument("port", type=int)
@click.argument("window", type=int)
@click.argument("path", type=click.Path(path_type=Path))
def bare(port: int, window: int, path: Path) -> None:
    """Publish each line of the file as anyone writes it: QoS 1, so many awaiting their PUBACK."""
    bodies, room = path.read_bytes().splitlines(), threading.Semaphore(window)
    client = _client(port, None)
    client.on_publish = lambda *_: room.release()
    _say("ready")
    sys.stdin.readline()
    for body in bodies:
        room.acquire()
        client.publish("counters/BARE/events", body, 1)
    for _ in range(window):
        room.acquire()
    _say("done")
    sys.stdin.readline()


def _client(port: int, hear: Any) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_message = hear
    client.max_inflight_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def _say(word: str) -> None:
    print(json.dumps({"word": word, "at": monotonic()}), flush=True)


if __name__ == "__main__":
    main()
