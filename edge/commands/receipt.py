"""``counter receipt``: prints receipts of past sales, and says whether a sealed receipt is to be believed."""

import json
from importlib.util import find_spec
from pathlib import Path

import click
from PIL import Image, UnidentifiedImageError

from edge.cli_options import environment, json_option, settings_options
from edge.errors import BadInput, CannotCreate, NoInput
from edge.ledger.reading import Reading
from edge.outfit.loading import load_outfit
from edge.outfit.settings_load import find_config, load_settings
from edge.paper.slips import PHONE, ROLLS
from edge.paper.slips import receipt as slip
from edge.printing import drawn, receipt_doc, sealed
from edge.settings import Settings
from edge.signing import FORM, key_name, key_of, key_text, open_signer, read_signer, verified


@click.group()
def receipt() -> None:
    """Print receipts, and check the seals on them."""


@receipt.command("print")
@click.argument("order_no")
@settings_options
@click.option("--sheet", type=click.Choice(list(ROLLS)), default=PHONE.name, help="How wide it is.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file: .png or .bin (ESC/POS)."
)
@json_option
def print_(
    order_no: str,
    config: Path | None,
    overrides: dict[str, object],
    sheet: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Draw the receipt of the sale ORDER_NO, sealed with this counter's key."""
    out = out or Path(f"receipt-{order_no}.png")
    endings = (".png", ".bin") if sheet.startswith("thermal") else (".png",)
    if out.suffix not in endings:
        raise click.UsageError(f"--out {out}: {sheet} is written as {' or '.join(endings)}")
    outfit = load_outfit(config, environ=environment(), flags=overrides)
    past = Reading(outfit.data / "ledger.db").sale_of(order_no)
    if past is None:
        raise BadInput(
            f"there is no sale {order_no} in {outfit.data / 'ledger.db'}; compare the order number"
        )
    doc = receipt_doc(past, outfit)
    made = sealed(doc, open_signer(outfit.data))
    roll = ROLLS[sheet]
    body = drawn(slip(doc, roll, made.seal), roll, made.seal.text, out.suffix)
    try:
        out.write_bytes(body)
    except OSError as error:
        raise CannotCreate(f"{out}: cannot be written ({error.strerror}); name another --out") from error
    said = {"file": str(out), "seal": made.seal.text}
    click.echo(json.dumps(said) if as_json else str(out))


@receipt.command("key")
@settings_options
@json_option
def key(config: Path | None, overrides: dict[str, object], as_json: bool) -> None:
    """Print this counter's public key, which others verify with; it is made if there is none yet."""
    public = open_signer(_data(config, overrides)).public_key
    said = {"key": key_text(public), "name": key_name(public)}
    click.echo(json.dumps(said) if as_json else said["key"])


@receipt.command()
@click.argument("text_or_png")
@click.option("--key", "given", help="The public key, or a file with it; default: this counter's own.")
@settings_options
@json_option
def verify(
    text_or_png: str, given: str | None, config: Path | None, overrides: dict[str, object], as_json: bool
) -> None:
    """Say what the seal TEXT_OR_PNG vouches for; exit 65 with the reason when it must not be believed.

    TEXT_OR_PNG: what a phone reads from the receipt's code, or a picture of the receipt. Needs no network.
    """
    public = _public(given) if given else read_signer(_data(config, overrides)).public_key
    payload = verified(_text(text_or_png), public)
    if as_json:
        said = {"ok": True, "kind": payload.kind, "counter": payload.counter, "number": payload.number}
        click.echo(json.dumps({**said, "digest": payload.digest, "totals": payload.totals}))
        return
    click.echo(f"✓ {payload.kind} {payload.number} · {payload.counter} · key {key_name(public)}")
    for name, value in payload.totals.items():
        click.echo(f"  {name}: {value}")
    click.echo("  Compare these with the paper: the seal vouches for them and for nothing around it.")


def _data(config: Path | None, overrides: dict[str, object]) -> Path:
    path = find_config(config, environment())
    settings: Settings = load_settings(path, environ=environment(), flags=overrides).value
    return Path(settings.files.data).absolute()


def _public(given: str) -> bytes:
    path = Path(given)
    return key_of(path.read_text(encoding="ascii", errors="replace") if path.is_file() else given)


def _text(text_or_png: str) -> str:
    """The sealed text itself. Raises NoInput or BadInput for a file that is not there or holds none."""
    if text_or_png.startswith(f"{FORM}."):
        return text_or_png
    path = Path(text_or_png)
    if path.suffix.lower() != ".png":
        return text_or_png
    try:
        with Image.open(path) as picture:
            return _code_in(picture, path)
    except FileNotFoundError as error:
        raise NoInput(f"{path}: there is no such file") from error
    except (OSError, UnidentifiedImageError) as error:
        raise BadInput(f"{path}: is no picture that can be read: {error}") from error


def _code_in(picture: Image.Image, path: Path) -> str:
    """The sealed code in a picture: read from its pixels where a reader is installed (extra ``scan``).

    Without one, the note that our own PNG files carry beside the picture has to do, and stderr says so.
    """
    if find_spec("zxingcpp"):
        from zxingcpp import read_barcodes

        found = [
            each.text for each in read_barcodes(picture.convert("L")) if each.text.startswith(f"{FORM}.")
        ]
        if not found:
            raise BadInput(f"{path}: no sealed code can be read in this picture; take it closer and sharper")
        return found[0]
    note = picture.info.get("seal")
    if not isinstance(note, str):
        raise BadInput(
            f"{path}: nothing here reads codes; pip install 'smart-counter[scan]', or scan the code with a "
            "phone and give its text"
        )
    click.echo(f"{path}: read from the file's own note, not from its picture", err=True)
    return note
