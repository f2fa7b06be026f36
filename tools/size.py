"""How large a centre has to be for so many counters: computed from the assumptions below.

python tools/size.py                 # the table of docs/sizing.md
python tools/size.py --counters 500 --visits 80
"""

import math
from dataclasses import dataclass

import click

COUNTERS = (207, 3_000, 30_000)


@dataclass(frozen=True, slots=True)
class Given:
    """What is assumed, and what was measured (docs/performance.md, table *feed*).

    Measured: events_a_visit (11,286 events of 3,000 sales), sale_b (1,200 bytes on the wire, live),
    worker_per_s (11,286 events in 5.9 s by one worker), catch_up_b. All others are assumptions.
    """

    visits: int = 50
    events_a_visit: float = 11_286 / 3_000
    other_events: int = 15
    busiest_hour: float = 0.25
    sale_b: int = 1_200
    catch_up_b: int = 123
    health_a_day: int = 2_880
    health_b: int = 310
    keepalive_b: int = 140
    stored_b: int = 2_000
    worker_per_s: float = 11_286 / 5.9
    busy: float = 0.3
    node_connections: int = 15_000
    handshakes_per_s: int = 300
    years_kept: int = 3


@dataclass(frozen=True, slots=True)
class Size:
    """The answer for one number of counters."""

    counters: int
    events_a_day: int
    events_per_s: float
    messages_per_s: float
    mb_a_month_each: float
    gb_a_year: float
    gb_kept: float
    broker_nodes: int
    workers: int
    back_s: int
    caught_up_s: int


def size(counters: int, given: Given) -> Size:
    """``counters`` counters under these assumptions. caught_up_s: after a day without a network."""
    each = given.visits * given.events_a_visit + given.other_events
    a_day = counters * each
    peak = a_day * given.busiest_hour / 3_600
    telemetry = counters * given.health_a_day / 86_400
    on_the_wire = given.visits * given.sale_b + given.health_a_day * (given.health_b + given.keepalive_b)
    nodes = 1 if counters <= 3_000 else max(3, math.ceil(counters / given.node_connections) + 1)
    workers = 1 if counters <= 500 else max(2, math.ceil(peak / (given.worker_per_s * given.busy)))
    a_year = a_day * 365 * given.stored_b / 1e9
    return Size(
        counters,
        round(a_day),
        round(peak, 1),
        round(peak + telemetry, 1),
        round(on_the_wire * 30 / 1e6, 1),
        round(a_year, 1),
        round(a_year * given.years_kept, 1),
        nodes,
        workers,
        math.ceil(counters / given.handshakes_per_s / nodes),
        math.ceil(a_day / (workers * given.worker_per_s)),
    )


ROWS = (
    ("events a day", "events_a_day"),
    ("events/s in the busiest hour", "events_per_s"),
    ("messages/s at the broker, telemetry included", "messages_per_s"),
    ("MB a month and counter on 4G", "mb_a_month_each"),
    ("GB a year in the database", "gb_a_year"),
    ("GB in 3 years", "gb_kept"),
    ("broker nodes", "broker_nodes"),
    ("workers", "workers"),
    ("seconds of TLS handshakes when all come back at once", "back_s"),
    ("seconds to take in a day's events after an outage", "caught_up_s"),
)


def table(sizes: list[Size]) -> str:
    """Markdown; a row for each figure."""
    head = "| | " + " | ".join(f"{each.counters:,}" for each in sizes) + " |"
    lines = [head, "|---|" + "---|" * len(sizes)]
    for words, name in ROWS:
        lines.append(f"| {words} | " + " | ".join(f"{getattr(each, name):,}" for each in sizes) + " |")
    return "\n".join(lines)


@click.command(help=__doc__)
@click.option("--counters", type=int, multiple=True, default=COUNTERS, help="Repeat for several columns.")
@click.option("--visits", type=int, default=50, show_default=True, help="A day.")
def main(counters: tuple[int, ...], visits: int) -> None:
    click.echo(table([size(each, Given(visits=visits)) for each in counters]))


if __name__ == "__main__":
    main()
