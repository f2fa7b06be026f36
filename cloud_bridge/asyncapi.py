"""The feed's own description (AsyncAPI 3.0), made from the Structs that carry it. Pure; nothing runs by it.

It speaks from the counter's side: its bridge sends events and receives acks and commands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cloud_bridge import feed, packing
from cloud_bridge.commands import ALGORITHM, BODIES, MAX_COMMAND_BYTES, Command

Document = dict[str, Any]
BINDING = "0.2.0"
JWS = r"^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$"
DRAFT_7 = {"items": "additionalItems", "prefixItems": "items"}
"""AsyncAPI's schemas are of draft 7, where what tuples hold had other names."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic. action: of the counter. messages: names of messages below."""

    address: str
    action: str
    says: str
    messages: tuple[str, ...]
    qos: int = 1
    retain: bool = False
    will: bool = False


CHANNELS: Mapping[str, Channel] = {
    "events": Channel(
        feed.topic("{counter}", "events"),
        "send",
        "What happened at the counter, oldest first. Delivered only when an ack covers its seq.",
        ("event", "batch", "packed"),
    ),
    "presence": Channel(
        feed.topic("{counter}", "presence"),
        "send",
        "Whether the counter is there; also its last will.",
        ("presence",),
        retain=True,
        will=True,
    ),
    "live": Channel(
        feed.topic("{counter}", "live"), "send", "The open door's running basket; may be lost.", ("live",), 0
    ),
    "health": Channel(
        feed.topic("{counter}", "health"), "send", "Unnumbered telemetry; may be lost.", ("health",), 0
    ),
    "acks": Channel(
        feed.topic("{counter}", "acks"), "receive", "What the centre holds, after its commit.", ("ack",)
    ),
    "commands": Channel(
        feed.topic("{counter}", "commands"),
        "receive",
        "What the centre asks of the counter, with a message expiry; answered by command.answered.v1.",
        ("command",),
    ),
    "centreState": Channel(
        feed.CENTRE_STATE, "receive", "Whether the centre itself is there.", ("centreState",), retain=True
    ),
}


def document(version: str) -> Document:
    """The whole document, as JSON has it. version: of the program."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "智能专柜 · Smart counter: the feed",
            "version": version,
            "description": "MQTT 5 between the counters and their centre, as a counter's bridge speaks it. "
            "Events are CloudEvents 1.0, numbered without gaps within inc and chained by prev.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "broker.example:8883",
                "protocol": "secure-mqtt",
                "protocolVersion": "5.0",
                "description": "The operator's broker; each counter has a certificate of its own.",
                "security": [{"type": "X509"}],
            }
        },
        "channels": {name: _channel(each) for name, each in CHANNELS.items()},
        "operations": {
            f"{each.action}{name[0].upper()}{name[1:]}": _operation(name, each)
            for name, each in CHANNELS.items()
        },
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _channel(channel: Channel) -> Document:
    made: Document = {
        "address": channel.address,
        "description": channel.says,
        "messages": {name: _ref("messages", name) for name in channel.messages},
    }
    if "{counter}" in channel.address:
        made["parameters"] = {"counter": {"description": f"The counter's id: {feed.COUNTER_ID.pattern}"}}
    return made


def _operation(name: str, channel: Channel) -> Document:
    return {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": channel.says,
        "messages": [{"$ref": f"#/channels/{name}/messages/{each}"} for each in channel.messages],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": BINDING}},
        **({"x-last-will": True} if channel.will else {}),
    }


def _messages() -> Document:
    packed = {
        "type": "string",
        "description": "Bytes: one zlib stream of an event or a batch as JSON, at most "
        f"{packing.MOST_UNPACKED} bytes and {packing.MOST_RATIO} times its size when opened.",
    }
    signed = {"type": "string", "pattern": JWS, "maxLength": MAX_COMMAND_BYTES}
    return {
        "event": _message("One event", _ref("schemas", "event"), feed.CONTENT_TYPE),
        "batch": _message(
            "Several events, oldest first",
            {"type": "array", "items": _ref("schemas", "event")},
            feed.BATCH_CONTENT_TYPE,
        ),
        "packed": _message("An event or a batch, made small", packed, packing.CONTENT_TYPE),
        "presence": _message("The counter is there, or not", _ref("schemas", "Presence")),
        "live": _message("The running basket", _ref("schemas", "Live")),
        "health": _message("How the counter is", _ref("schemas", "Health")),
        "ack": _message("What the centre holds", _ref("schemas", "Ack")),
        "command": _message(
            f"A command: JWS in compact form, signed with {ALGORITHM}; x-signed is what is signed",
            signed,
            "application/jose",
        )
        | {"x-signed": _ref("schemas", "command")},
        "centreState": _message("The centre is there, or not", _ref("schemas", "Presence")),
    }


def _message(summary: str, payload: Document, content_type: str = "application/json") -> Document:
    return {"summary": summary, "contentType": content_type, "payload": payload}


def _schemas() -> Document:
    kinds = [*feed.TYPES, feed.Envelope, feed.Ack, feed.Presence, feed.Live, feed.Health]
    _, found = msgspec.json.schema_components(
        [*kinds, Command, *dict.fromkeys(BODIES.values())], ref_template="#/components/schemas/{name}"
    )
    facts = {name: {"type": name, "data": kind.__name__} for kind, name in feed.TYPES.items()}
    orders = {kind: {"kind": kind, "body": body.__name__} for kind, body in BODIES.items()}
    tied = {
        **{name: _tied("Envelope", **each) for name, each in facts.items()},
        **{f"command.{name}": _tied("Command", **each) for name, each in orders.items()},
        "event": {"oneOf": [_ref("schemas", name) for name in facts]},
        "command": {"oneOf": [_ref("schemas", f"command.{name}") for name in orders]},
    }
    made: Document = _in_draft_7(found | tied)
    made["Envelope"]["properties"] |= _envelope()
    return made


def _envelope() -> Document:
    """What the envelope's types do not say."""
    return {
        "specversion": {"const": "1.0"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "seq": {"type": "integer", "minimum": 1, "description": "Gapless within inc."},
        "clk": {"enum": [0, 1, 2], "description": "The counter's clock: 0 not set, 1 synced, 2 held."},
        "prev": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "SHA-256 of the previous event's bytes as sent; zeros before the first.",
        },
    }


def _tied(envelope: str, **fields: str) -> Document:
    """The envelope whose first field has this very value and whose second one is of this schema."""
    (told, value), (held, schema) = fields.items()
    return {
        "allOf": [
            _ref("schemas", envelope),
            {"properties": {told: {"const": value}, held: _ref("schemas", schema)}},
        ]
    }


def _ref(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}


def _in_draft_7(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        names: Mapping[str, str] = DRAFT_7 if "prefixItems" in schema else {}
        return {names.get(name, name): _in_draft_7(each) for name, each in schema.items()}
    if isinstance(schema, Iterable) and not isinstance(schema, str):
        return [_in_draft_7(each) for each in schema]
    return schema
