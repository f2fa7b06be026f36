"""``counter ledger``: look at the ledger without stopping the counter. Reads only."""

import json
import os
from contextlib import closing
from pathlib import Path

import click

from edge.errors import BadInput
from edge.ledger.delivery import acknowledged
from edge.ledger.reader import count, ledger_errors, open_reader
from edge.ledger.renewal import renew as renewed
from edge.ledger.tables import TABLES
from edge.ledger.verify import export as exported
from edge.ledger.verify import verify as verified

_db = click.option(
    "--db",
    type=click.Path(path_type=Path),
    default=Path(".counter/ledger.db"),
    show_default=True,
    help="The ledger's file.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


@click.group()
def ledger() -> None:
    """Verify, export and count what the ledger holds."""


@ledger.command()
@_db
@_as_json
def verify(db: Path, as_json: bool) -> None:
    """Walk the hash chain and compare sales, sessions and stock with their events.

    Names the first altered or missing event. Exit code 65 when anything is wrong.
    """
    problems = verified(db)
    if as_json:
        click.echo(json.dumps({"ok": not problems, "problems": problems}, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(
            f"{db}: {len(problems)} problem(s)" if problems else f"{db}: nothing altered, nothing missing"
        )
    if problems:
        raise BadInput(f"{db}: {problems[0]}; keep this file as evidence and restore a copy")


@ledger.command()
@_db
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only events above this number.")
@click.option(
    "--json", "_as_json", is_flag=True, help="Accepted for uniformity: the export always is JSON lines."
)
def export(db: Path, after: int, _as_json: bool) -> None:
    """Print every event, one JSON document a line, byte for byte as the centre is sent it."""
    for body in exported(db, after):
        click.echo(body)


@ledger.command()
@_db
@_as_json
def stats(db: Path, as_json: bool) -> None:
    """Count rows, events and bytes, and say how many events the centre has not acknowledged."""
    found = stats_of(db)
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:>18}  {value}")


@ledger.command()
@_db
def renew(db: Path) -> None:
    """After a copy was put back: go on under a new incarnation. Stop `counter run` first.

    `counter run` does it by itself once the centre's acks show that numbers were used before; with a copy of
    the whole disk and no network it cannot know. The file as it was stays beside the new one.
    """
    kept = renewed(db, os.urandom)
    click.echo(f"{db}: has a new incarnation; the file as it was: {kept}")


def stats_of(db: Path) -> dict[str, int | str]:
    """counter, incarnation, last_seq, unacknowledged, total_fen, bytes of file and log, rows by table."""
    with ledger_errors(db), closing(open_reader(db)) as conn:
        counter, incarnation, last_seq, total = conn.execute(
            "SELECT counter, incarnation, (SELECT last_seq FROM feed),"
            " (SELECT coalesce(sum(total_fen), 0) FROM sale) FROM meta"
        ).fetchone()
        rows = {name: count(conn, name) for name in sorted(TABLES - {"meta", "feed"})}
    mark = acknowledged(db.parent / "bridge.db", incarnation)
    wal = Path(f"{db}-wal")
    return {
        "counter": counter,
        "incarnation": incarnation,
        "last_seq": last_seq,
        "unacknowledged": last_seq - (mark.through if mark else 0),
        "total_fen": total,
        "bytes": db.stat().st_size,
        "wal_bytes": wal.stat().st_size if wal.exists() else 0,
        **rows,
    }
