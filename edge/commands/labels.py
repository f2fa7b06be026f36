"""``counter labels`` and ``counter qr``: tags, tray labels, posters and stickers as files to print."""

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from PIL import Image

from edge.cli_options import environment, json_option, settings_options
from edge.errors import CannotCreate
from edge.outfit.loading import Outfit, load_outfit
from edge.paper import pdf, qr, thermal
from edge.paper.media import A4, MEDIA, Medium
from edge.paper.panel import Panel
from edge.paper.posters import PAGES, poster, sticker
from edge.paper.sheets import DPI, pages_of, png, sheets
from edge.paper.tags import price_tag, tray_label
from edge.printing import counter_url, local, poster_doc, tags, tray_docs, with_planogram

KINDS = ("price", "tray", "poster")
SHEETS = ("a4", "a3", "thermal384", "thermal576")
ENDINGS = {"a4": (".pdf", ".png"), "a3": (".pdf", ".png"), "thermal384": (".png", ".bin")}
ENDINGS["thermal576"] = ENDINGS["thermal384"]
CAPTION = "请扫码开门"


@dataclass(frozen=True, slots=True)
class Work:
    """Pictures to come, one a page or one a label. names: of their files, where each gets its own."""

    pictures: Iterator[Image.Image]
    names: tuple[str, ...]
    labels: int
    dpi: int


@click.command()
@settings_options
@click.option("--sheet", type=click.Choice(SHEETS), default="a4", help="What it is printed on.")
@click.option("--kind", type=click.Choice(KINDS), default="price", help="What is printed.")
@click.option(
    "--tray", "trays", multiple=True, metavar="TRAY", help="Only for this tray; may be given again."
)
@click.option("--all", "every", is_flag=True, help="Price tags of the whole catalogue, not only of trays.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="Prices of that local time, for tags that are hung before; default: now.",
)
@click.option("--draft", is_flag=True, help="Of the planogram that waits for the next restock.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file: .pdf or .png for sheets, .png or .bin (bytes for an ESC/POS printer) for thermal paper. "
    "Several PNG pages get a number each.",
)
@json_option
def labels(
    config: Path | None,
    overrides: dict[str, object],
    sheet: str,
    kind: str,
    trays: tuple[str, ...],
    every: bool,
    at: datetime | None,
    draft: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Draw price tags, tray labels or the counter's poster.

    Price tags carry the list price, an EAN-13 code and a code of the product's page.
    """
    out = out or Path(f"labels-{kind}-{sheet}{ENDINGS[sheet][0]}")
    _fits(sheet, kind, trays, every, out)
    outfit = with_planogram(load_outfit(config, environ=environment(), flags=overrides), draft=draft)
    work = _posters(outfit, sheet) if kind == "poster" else _labels(outfit, kind, sheet, trays, every, at)
    files = _written(work, out)
    if as_json:
        click.echo(json.dumps({"files": [str(each) for each in files], "labels": work.labels, "kind": kind}))
    else:
        click.echo("\n".join(str(each) for each in files))


def _fits(sheet: str, kind: str, trays: tuple[str, ...], every: bool, out: Path) -> None:
    """Raises UsageError where the options do not belong together."""
    if sheet not in PAGES if kind == "poster" else sheet == "a3":
        raise click.UsageError(
            f"--sheet {sheet} is not for --kind {kind}: posters are a4 or a3, labels not a3"
        )
    if kind == "poster" and trays:
        raise click.UsageError("--tray does not belong to a poster")
    if every and (kind != "price" or trays):
        raise click.UsageError("--all is for price tags, and without --tray")
    if out.suffix not in ENDINGS[sheet]:
        raise click.UsageError(f"--out {out}: {sheet} is written as {' or '.join(ENDINGS[sheet])}")


def _posters(outfit: Outfit, sheet: str) -> Work:
    return Work(iter([poster(poster_doc(outfit), sheet)]), ("poster",), 1, DPI)


def _labels(
    outfit: Outfit, kind: str, sheet: str, trays: tuple[str, ...], every: bool, at: datetime | None
) -> Work:
    medium = MEDIA[sheet]
    if kind == "tray":
        labelled = tuple(tray_docs(outfit, trays))
        names = tuple(each.tray for each in labelled)
        panels: Iterable[Panel] = (tray_label(each, medium) for each in labelled)
    else:
        at = at or local(outfit.settings, datetime.now(UTC))
        tagged = tuple(tags(outfit, trays, at, every=every))
        names = tuple(each.sku for each in tagged)
        panels = (price_tag(each, medium) for each in tagged)
    return _sheets(panels, len(names)) if medium is A4 else _strips(panels, names, medium)


def _sheets(panels: Iterable[Panel], count: int) -> Work:
    return Work(sheets(panels), tuple(str(page) for page in range(1, pages_of(count) + 1)), count, DPI)


def _strips(panels: Iterable[Panel], names: tuple[str, ...], medium: Medium) -> Work:
    return Work((thermal.strip(panel, medium.pad) for panel in panels), names, len(names), thermal.DPI)


def _written(work: Work, out: Path) -> list[Path]:
    """Write the pictures as the ending of ``out`` says; gives the files."""
    pictures = _told(work)
    if out.suffix == ".pdf":
        _put(out, lambda file: pdf.write(pictures, file, work.dpi))
        return [out]
    if out.suffix == ".bin":
        _put(out, lambda file: file.write(thermal.job(pictures)))
        return [out]
    alone = len(work.names) == 1
    files = [out if alone else out.with_stem(f"{out.stem}-{name}") for name in work.names]
    for path, picture in zip(files, pictures, strict=True):
        _put(path, partial(_png, png(picture, work.dpi)))
    return files


def _png(body: bytes, file: io.BufferedWriter) -> None:
    file.write(body)


def _told(work: Work) -> Iterator[Image.Image]:
    """The pictures; of more than two, stderr says how far it is."""
    count = len(work.names)
    for number, picture in enumerate(work.pictures, 1):
        if count > 2:
            click.echo(f"{number} / {count}", err=True)
        yield picture


def _put(path: Path, write: Callable[[io.BufferedWriter], object]) -> None:
    """Write a file whole: what cannot be drawn leaves no half of it. Raises CannotCreate."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with part.open("wb") as file:
                write(file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written ({error.strerror}); name another --out") from error


@click.command("qr")
@settings_options
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a sticker (PNG) here.")
@click.option("--caption", default=CAPTION, show_default=True, help="The line under the counter's name.")
@json_option
def qr_command(
    config: Path | None, overrides: dict[str, object], out: Path | None, caption: str, as_json: bool
) -> None:
    """Show the counter's fixed code in the terminal, or write it as a sticker for the cabinet."""
    if out and out.suffix != ".png":
        raise click.UsageError(f"--out {out}: a sticker is written as .png")
    outfit = load_outfit(config, environ=environment(), flags=overrides)
    url = counter_url(outfit.settings)
    if out:
        _put(out, partial(_png, png(sticker(url, outfit.settings.counter.name, caption))))
    if as_json:
        click.echo(json.dumps({"url": url, "file": str(out) if out else None}))
    else:
        click.echo(str(out) if out else f"{qr.terminal(url)}\n{url}")
