"""What pieces weigh by what was learnt of their lots, as a pure sum of rows and stock movements.

The engine keeps it up to date; others work it out from the ledger's file, read only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.stock import Lots
from edge.domain.values import Place, Sku
from edge.ledger.calibrations import Calibrated, read_known
from edge.recognition import Weight
from edge.upkeep.calibration_rows import declared_of, lot_weight
from edge.weighing.learning import Declared, LotWeight, mixed, unlearnt
from edge.weighing.lots import named

Units = Mapping[tuple[Sku, str], LotWeight]
"""Product and lot → what is known of a piece."""


def units_of(rows: Iterable[Calibrated]) -> dict[tuple[Sku, str], LotWeight]:
    """What the ledger's rows leave known; they come oldest first."""
    units = {}
    for row in rows:
        if row.kind == "UNIT":
            units[row.sku, row.lot] = lot_weight(row, row.new, datetime.fromisoformat(row.at))
    return units


def weights_of(
    units: Units, lying: Mapping[Place, Lots], planogram: Planogram, catalogue: Catalogue
) -> dict[Place, Weight]:
    """What was learnt of the goods that lie on trays, strays included; where nothing was, no entry."""
    places = {(facing.tray, facing.sku) for facing in planogram.facings} | lying.keys()
    found = ((place, _weight(place, units, lying.get(place, ()), catalogue)) for place in sorted(places))
    return {place: weight for place, weight in found if weight is not None}


def unit_of(units: Units, sku: Sku, lot: str, declared: Declared) -> LotWeight:
    """What is known of a lot; of one that nobody weighed, what the catalogue declares."""
    return units.get((sku, lot)) or unlearnt(declared, lot)


def read_weights(ledger: Path, planogram: Planogram, catalogue: Catalogue) -> dict[Place, Weight]:
    """The same from the ledger's file, which another program may be writing. Raises NoInput, LedgerError."""
    rows, lying = read_known(ledger)
    return weights_of(units_of(rows), lying, planogram, catalogue)


def _weight(place: Place, units: Units, held: Lots, catalogue: Catalogue) -> Weight | None:
    sku = place[1]
    declared = declared_of(catalogue.products.get(sku))
    if declared is None:
        return None
    known = [(unit_of(units, sku, lot, declared), pieces) for lot, pieces in named(held)]
    if not any(weight.units for weight, _ in known):
        return None
    together = mixed(known)
    low, high = declared.unit_g - declared.tol_g, declared.unit_g + declared.tol_g
    return Weight(min(max(together.mean_g, low), high), together.sd_g, together.error_g)
