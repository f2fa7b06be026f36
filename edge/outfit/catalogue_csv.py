"""Reads the catalogue, a UTF-8 CSV file with one product a row. It knows columns, not business rules.

Columns it does not need (for the centre, for people) may be there and are not looked at.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

from edge.domain import claims
from edge.domain.catalogue import Catalogue, CatalogueVersion, Gate, GateResult, Product, near_expiry_days
from edge.domain.claims import NO_WORDING, Wording
from edge.domain.gtin import gtin, normal
from edge.domain.values import Decigrams, Fen, Sku, yuan
from edge.errors import ConfigError
from edge.outfit import columns
from edge.wording import read_wording

T = TypeVar("T")

# fmt: off
COLUMNS = (
    "sku_id", "gtin13", "name_zh", "name_en", "spec",
    "category", "county_zh", "county_en", "supplier_name", "gross_weight_g",
    "gross_sd_g", "count_by_weight_max", "price_fen", "cert_no", "cert_status",
    "cert_to", "linkage", "shelf_life_days", "age_restricted", "counter_ok",
)
# fmt: on
"""Without these a file is no catalogue; every other column may be missing, or empty in a row."""

COPY = ("name_zh", "name_en", "spec", "linkage", "claims")
"""Columns that buyers read."""


def read_catalogue(path: Path) -> Catalogue:
    """The products in ``path``. Raises ConfigError with every fault, its line and its column."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); name it under files.catalogue"
        ) from error
    products, problems = parse(body, read_wording())
    if problems:
        raise ConfigError([f"{path}: {each}" for each in problems])
    version = CatalogueVersion(hashlib.sha256(body).hexdigest()[:16])
    return Catalogue(version, {each.sku: each for each in products})


def parse(body: bytes, wording: Wording = NO_WORDING) -> tuple[list[Product], list[str]]:
    """The readable products of ``body``, and a sentence for every fault.

    wording: what a catalogue may not say and not hold.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        return [], [f"line {line} is not UTF-8; save the file as “CSV UTF-8”"]
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
        return [], [f"line 1: these columns are missing: {', '.join(missing)}"]
    products: list[Product] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    try:
        for values in rows:
            row = Row(rows.line_num, values, problems)
            row.unique("sku_id", seen)
            row.unique("gtin13", seen, (normal(code) for code in _codes(row.text("gtin13"))))
            row.same_price()
            row.proper(wording)
            if product := _product(row):
                products.append(product)
    except csv.Error as error:
        problems.append(f"line {rows.line_num}: is not CSV: {error}")
    if not products and not problems:
        problems.append("has no products; add a row")
    return products, problems


class Row:
    """One line of the file, read column by column; a fault is noted and reading goes on."""

    def __init__(self, line: int, values: Mapping[str | None, object], problems: list[str]) -> None:
        self._line, self._values, self._problems = line, values, problems
        self.faulty = False
        if None in values:
            self._note("", "has more fields than the header; quote the field that holds a comma")

    def text(self, column: str) -> str:
        value = self._values[column]
        if not isinstance(value, str):
            self._note(column, "is missing; the line is too short")
            return ""
        return value.strip()

    def of(self, column: str, read: Callable[[str], T], otherwise: T) -> T:
        """The column through ``read``; its ValueError becomes a fault."""
        value = self.text(column)
        try:
            return read(value)
        except ValueError as error:
            self._note(column, f"{value!r} {error}")
            return otherwise

    def optional(self, column: str, read: Callable[[str], T], otherwise: T) -> T:
        """The same; ``otherwise`` also where the file has no such column or the row nothing in it."""
        if column not in self._values or not self.text(column):
            return otherwise
        return self.of(column, read, otherwise)

    def unique(self, column: str, seen: dict[str, int], values: Iterable[str] | None = None) -> None:
        """Note it where an earlier line has the same value. values: what to compare, not the text itself."""
        for value in [self.text(column)] if values is None else values:
            if value and seen.setdefault(f"{column} {value}", self._line) != self._line:
                said = f"{self.text(column)!r} stands in line {seen[f'{column} {value}']} already"
                self._note(column, said)

    def proper(self, wording: Wording) -> None:
        """Note what may not be sold from a counter, and what may not be said of goods."""
        if (category := self.text("category")) in wording.forbidden:
            self._note("category", f"{category!r} must not be sold from a counter; take the row out")
        for column in COPY:
            for word in wording.banned_in(self.optional(column, str, "")):
                said = f"says {word!r}; nothing may be said of illness (食品安全法 arts. 71, 73): take it out"
                self._note(column, said)

    def same_price(self) -> None:
        """``price_yuan`` is for readers; where it is filled in, it must say what ``price_fen`` charges."""
        fen, shown = self._values["price_fen"], self._values.get("price_yuan")
        readable = isinstance(fen, str) and fen.isascii() and fen.isdigit()
        if readable and shown and f"¥{shown}" != yuan(Fen(int(str(fen)))):
            self._note("price_yuan", f"{shown!r} is not what price_fen {fen} says; correct one of them")

    def _note(self, column: str, what: str) -> None:
        self.faulty = True
        where = f"line {self._line}, {column}" if column else f"line {self._line}"
        self._problems.append(f"{where}: {what}")


def _product(row: Row) -> Product | None:
    no_codes: tuple[str, ...] = ("",)
    codes = row.of("gtin13", _gtins, no_codes)
    life = row.of("shelf_life_days", lambda value: columns.positive(value) if value else None, None)
    product = Product(
        sku=Sku(row.of("sku_id", columns.filled, "")),
        gtin13=codes[0],
        gtins=codes,
        name_zh=row.of("name_zh", columns.filled, ""),
        name_en=row.of("name_en", columns.filled, ""),
        spec=row.text("spec"),
        category=row.text("category"),
        county_zh=row.of("county_zh", columns.filled, ""),
        county_en=row.text("county_en"),
        supplier=row.of("supplier_name", columns.filled, ""),
        unit_weight=Decigrams(row.of("gross_weight_g", columns.tenths, 0)),
        unit_sd=Decigrams(row.of("gross_sd_g", columns.tenths, 0)),
        count_by_weight_max=row.of("count_by_weight_max", columns.whole, 0),
        price=Fen(row.of("price_fen", columns.positive, 0)),
        cert_no=row.text("cert_no"),
        cert_status=row.of("cert_status", columns.cert_status, ""),
        cert_to=row.of("cert_to", columns.day, None),
        linkage=row.text("linkage"),
        shelf_life_days=life,
        age_restricted=row.of("age_restricted", columns.flag, False),
        counter_ok=row.of("counter_ok", columns.flag, False),
        supplier_id=row.optional("supplier_id", str, ""),
        county_code=row.optional("county_code", columns.county_code, ""),
        pack_type=row.optional("pack_type", str, ""),
        storage=row.optional("storage", str, ""),
        near_expiry_days=row.optional("near_expiry_days", columns.whole, near_expiry_days(life)),
        block_sale_days=row.optional("block_sale_days", columns.whole, 0),
        ref_price=row.optional("ref_price_fen", _fen, None),
        supply_price=row.optional("supply_price_fen", _fen, None),
        cert_from=row.optional("cert_from", columns.day, None),
        gates=_gates(row),
        linked_households=row.optional("linked_households_sample", columns.whole_or_none, None),
        trace_url=row.optional("trace_url", str, row.optional("trace_url_sample", str, "")),
        claims=claims.proven(claims.claims_of(row.optional("claims", str, ""))),
        unproven=claims.unproven(claims.claims_of(row.optional("claims", str, ""))),
        tray_capacity=row.optional("tray_capacity", columns.whole, 0),
        par_level=row.optional("par_level", columns.whole, 0),
        reorder_point=row.optional("reorder_point", columns.whole, 0),
    )
    return None if row.faulty else product


def _codes(text: str) -> list[str]:
    return [code for part in text.split(";") if (code := part.strip())]


def _gtins(text: str) -> tuple[str, ...]:
    """One or more article numbers; those of one product may be alike but for leading zeros."""
    if not (codes := _codes(text)):
        raise ValueError("is empty; give its article number")
    return tuple(gtin(code) for code in codes)


def _fen(value: str) -> Fen | None:
    return Fen(columns.positive(value))


def _gates(row: Row) -> tuple[GateResult, ...]:
    """The seven results with their last days; (): the file does not state them."""
    unknown: tuple[bool, ...] = ()
    passed = row.optional("gates7", columns.seven, unknown)
    last: tuple[date | None, ...] = row.optional("gates7_to", columns.seven_days, (None,) * len(Gate))
    return tuple(map(GateResult, Gate, passed, last)) if passed else ()
