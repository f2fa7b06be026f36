"""``counter wire``: frames of the serial protocols in words and back. Sends nothing, needs no settings."""

import json
from collections.abc import Mapping, Sequence

import click

from edge.cli_options import json_option
from edge.errors import BadInput
from edge.hardware.wording import PROTOCOLS, Protocol, Unreadable, Words, bytes_of, keys_of, map_file

USAGE = 64
"""sysexits.h: the command was used wrongly."""


class WrongUse(BadInput):
    """A protocol, purpose or key that does not exist; the text names those that do."""

    exit_code = USAGE


@click.group()
def wire() -> None:
    """Show frames of the serial protocols in words.

    \b
    counter wire decode bcc8a 8A 01 01 11 9B
    counter wire encode modbus_scale_32 weight unit=11
    counter wire encode ./own-map.toml weight unit=11
    """


@wire.command()
@click.argument("protocol")
@click.argument("hex_bytes", nargs=-1, required=True, metavar="HEX...")
@json_option
def decode(protocol: str, hex_bytes: Sequence[str], as_json: bool) -> None:
    """Say what a frame means, request or reply; exit code 65 and the reason where it is none.

    Some bytes can be either: then both readings are given.
    """
    try:
        packet = bytes_of(" ".join(hex_bytes))
        readings = _known(protocol).read(packet)
    except (Unreadable, WrongUse) as error:
        raise _failed(error, as_json) from error
    head: Words = {"protocol": protocol, "hex": packet.hex(" ").upper()}
    if as_json:
        also = {"also": readings[1:], "ambiguous": True} if readings[1:] else {}
        click.echo(json.dumps({**head, **readings[0], **also}, ensure_ascii=False))
    else:
        click.echo("\nor, with the same bytes:\n".join(_text(reading) for reading in readings))


@wire.command()
@click.argument("protocol")
@click.argument("purpose")
@click.argument("pairs", nargs=-1, metavar="[K=V]...")
@json_option
def encode(protocol: str, purpose: str, pairs: Sequence[str], as_json: bool) -> None:
    """Make the bytes of a frame. An unknown PURPOSE is answered with the known ones and their keys."""
    try:
        packet = _encoded(_known(protocol), protocol, purpose, pairs)
    except (Unreadable, WrongUse) as error:
        raise _failed(error, as_json) from error
    text = packet.hex(" ").upper()
    fields = {"protocol": protocol, "purpose": purpose, "hex": text}
    click.echo(json.dumps(fields) if as_json else text)


def _encoded(codec: Protocol, protocol: str, purpose: str, pairs: Sequence[str]) -> bytes:
    if purpose not in codec.purposes:
        known = "\n".join(f"  {name} {keys}" for name, (keys, _) in codec.purposes.items())
        raise WrongUse(f"{protocol} has no purpose {purpose!r}; it has\n{known}")
    keys, build = codec.purposes[purpose]
    return build(_given(pairs, purpose, keys))


def _given(pairs: Sequence[str], purpose: str, keys: str) -> Mapping[str, str]:
    given = dict(pair.partition("=")[::2] for pair in pairs)
    if strange := sorted(set(given) - keys_of(keys)):
        raise WrongUse(f"{purpose} knows no {', '.join(strange)}; it takes {keys}")
    return given


def _known(protocol: str) -> Protocol:
    if protocol.endswith(".toml"):
        return map_file(protocol)
    if protocol not in PROTOCOLS:
        raise WrongUse(f"unknown protocol {protocol!r}; known: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[protocol]


def _failed(error: Unreadable | WrongUse, as_json: bool) -> BadInput:
    """The error to raise; with --json its text has then been printed as an object, too."""
    if as_json:
        click.echo(json.dumps({"error": str(error)}, ensure_ascii=False))
    return error if isinstance(error, WrongUse) else BadInput(str(error))


def _text(reading: Words) -> str:
    width = max(len(key) for key in reading)
    return "\n".join(f"{key:<{width}}  {_plain(value)}" for key, value in reading.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
