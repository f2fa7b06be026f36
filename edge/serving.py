"""What pages are served beside the engine's views: pictures and lists made of the outfit and the ledger."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.domain.product_view import Assortment
from edge.domain.restock_view import StaffView
from edge.domain.values import Kind
from edge.ledger.delivery import acknowledged
from edge.ledger.outbox import Outbox
from edge.ledger.planned import planogram_version
from edge.outfit.loading import Outfit
from edge.turn import Goods
from edge.upkeep.known_weights import read_weights
from edge.upkeep.lint_check import capacity_g, names_of, plans_of
from edge.weighing.linter import lint

CENTRE_SILENT_S = 60.0
"""Events that wait longer than this for the centre's ack make the screen say: offline."""


def assortment_of(goods: Goods) -> Assortment:
    """The part of it that pages about products show."""
    return Assortment(goods.catalogue, goods.planogram, goods.traces, goods.deliveries)


def receipt_picture(outfit: Outfit, number: str, width: int) -> bytes | None:
    """A finished restock's receipt for the screen; None: there is no such document."""
    from edge.restocking.receipt import restock_picture  # as below

    return restock_picture(outfit, number, width)


def planogram_picture(outfit: Outfit) -> bytes:
    """The planogram as the linter sees it by the weights that were learnt so far: a PNG."""
    from edge.commands.lint_picture import planogram_png  # Pillow is loaded when somebody looks

    planogram, catalogue = outfit.planogram, outfit.catalogue
    if outfit.draft and planogram_version(outfit.data / "ledger.db") == outfit.draft.version:
        planogram = outfit.draft  # a restocker accepted it
    learnt = read_weights(outfit.data / "ledger.db", planogram, catalogue)
    report = lint(plans_of(planogram, catalogue, capacity_g(outfit.settings.weighing), learnt))
    return planogram_png(report, planogram, names_of(catalogue))


def centre_keeps_up(data: Path, wall: datetime) -> bool:
    """Whether no event waits for the centre's ack, or an ack came within the last minute.

    data: the folder of ledger.db and bridge.db. Raises LedgerError.
    """
    with closing(Outbox(data / "ledger.db")) as outbox:
        mark = acknowledged(data / "bridge.db", outbox.incarnation())
        if mark is None:
            return False
        recent = wall.astimezone(UTC) - mark.at < timedelta(seconds=CENTRE_SILENT_S)
        return recent or mark.through >= outbox.last_seq()


def staff_of(outfit: Outfit) -> tuple[StaffView, ...]:
    """Who may sign in at the screen to fill the counter, by title."""
    staff = (each for each in outfit.roster.accounts.values() if Kind.RESTOCK in each.kinds)
    return tuple(StaffView(account=each.login, title=each.title) for each in staff)


def sample_logins(outfit: Outfit) -> tuple[str, ...]:
    """Logins of the sample roster that may buy, to be offered on the phone page of a demonstration."""
    accounts = outfit.roster.accounts.values()
    return tuple(a.login for a in accounts if a.login.startswith("demo-") and Kind.BUY in a.kinds)
