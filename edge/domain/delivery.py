"""What somebody sent to the counter. Values only."""

from dataclasses import dataclass

from edge.domain.stock import Lot
from edge.domain.values import Sku


@dataclass(frozen=True, slots=True)
class Delivery:
    """Goods that somebody sent. in_transit: still on their way; else they are what is brought now.

    node: where they ship from, of the four levels city, county, town and village; "": not known.
    """

    sku: Sku
    count: int
    lot: Lot
    node: str = ""
    in_transit: bool = False
