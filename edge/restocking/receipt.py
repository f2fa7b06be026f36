"""The receipt of a finished restock (补货签收单): out of the ledger's own event, sealed and drawn."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from cloud_bridge import feed
from edge.domain.roster import Roster
from edge.domain.values import BuyerRef, Sku
from edge.ledger.finished import restock_of
from edge.outfit.loading import Outfit
from edge.paper.receipts import Pulled, RestockDoc, RestockLine
from edge.paper.slips import ROLLS, restock_receipt
from edge.paper.tags import PIECE, unit_of
from edge.printing import drawn, issuer_of, sealed
from edge.signing import open_signer

OFFICE = "补货员"
"""What a signer without a title of its own is called: a login does not belong on paper."""


def restock_doc(finished: feed.RestockFinished, outfit: Outfit) -> RestockDoc:
    """What the receipt says; lines that say nothing are left out."""
    zone = ZoneInfo(outfit.settings.counter.timezone)
    lines = (_line(each, outfit) for each in finished.lines)
    return RestockDoc(
        issuer=issuer_of(outfit.settings),
        number=finished.document,
        at=datetime.fromisoformat(finished.closed_at).astimezone(zone),
        signer=_office(outfit.roster, finished.signer),
        lines=tuple(each for each in lines if each.planned or each.measured or each.pulled),
    )


def restock_picture(outfit: Outfit, number: str, width: int) -> bytes | None:
    """The receipt ``number`` as a PNG ``width`` px wide (384, 576, 750 or 1080); None: no such document.

    Raises LedgerError, and what ``open_signer`` does.
    """
    finished = restock_of(outfit.data / "ledger.db", number)
    if finished is None:
        return None
    doc = restock_doc(finished, outfit)
    roll = next(each for each in ROLLS.values() if each.width == width)
    made = sealed(doc, open_signer(outfit.data))
    return drawn(restock_receipt(doc, roll, made.seal), roll, made.seal.text)


def _office(roster: Roster, signer: str) -> str:
    account = roster.of(BuyerRef(signer))
    return OFFICE if account is None or account.title == account.login else account.title


def _line(line: feed.RestockLine, outfit: Outfit) -> RestockLine:
    product = outfit.catalogue.products.get(Sku(line.sku))
    pulled = Pulled("PULL_OFF", -line.pulled, line.pull_reason) if line.pulled else None
    adjusted = Pulled("ADJUST", line.adjusted, line.reason) if line.adjusted else None
    return RestockLine(
        tray=line.tray,
        product=product.name_zh if product else line.sku,
        unit=unit_of(product.spec) if product else PIECE,
        planned=line.planned,
        measured=line.brought,
        lot=line.lot,
        produced_on=_day(line.produced_on),
        expires_on=_day(line.expires_on),
        pulled=tuple(each for each in (pulled, adjusted) if each),
        weighed=line.weighed,
        reason=line.reason,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
