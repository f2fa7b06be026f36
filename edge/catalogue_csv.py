"""Reads the catalogue, a UTF-8 CSV file with one product a row. It knows columns, not business rules.

Columns it does not need (for the centre, for people) may be there and are not looked at.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from edge.domain.catalogue import Catalogue, CatalogueVersion, Product
from edge.domain.values import Decigrams, Fen, Sku, yuan
from edge.errors import ConfigError

T = TypeVar("T")

CERT_STATUSES = ("ACTIVE", "PENDING", "SUSPENDED", "EXPIRED", "NONE")
# fmt: off
COLUMNS = (
    "sku_id", "gtin13", "name_zh", "name_en", "spec",
    "category", "county_zh", "county_en", "supplier_name", "gross_weight_g",
    "gross_sd_g", "count_by_weight_max", "price_fen", "cert_no", "cert_status",
    "cert_to", "linkage", "shelf_life_days", "age_restricted", "counter_ok",
)
# fmt: on


def read_catalogue(path: Path) -> Catalogue:
    """The products in ``path``. Raises ConfigError with every fault, its line and its column."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); name it under files.catalogue"
        ) from error
    products, problems = parse(body)
    if problems:
        raise ConfigError([f"{path}: {each}" for each in problems])
    version = CatalogueVersion(hashlib.sha256(body).hexdigest()[:16])
    return Catalogue(version, {each.sku: each for each in products})


def parse(body: bytes) -> tuple[list[Product], list[str]]:
    """The readable products of ``body``, and a sentence for every fault."""
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
            row.unique("gtin13", seen)
            row.same_price()
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

    def unique(self, column: str, seen: dict[str, int]) -> None:
        """Note it where an earlier line has the same value."""
        value = self.text(column)
        if value and seen.setdefault(f"{column} {value}", self._line) != self._line:
            self._note(column, f"{value!r} stands in line {seen[f'{column} {value}']} already")

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
    product = Product(
        sku=Sku(row.of("sku_id", filled, "")),
        gtin13=row.of("gtin13", gtin13, ""),
        name_zh=row.of("name_zh", filled, ""),
        name_en=row.of("name_en", filled, ""),
        spec=row.text("spec"),
        category=row.text("category"),
        county_zh=row.of("county_zh", filled, ""),
        county_en=row.text("county_en"),
        supplier=row.of("supplier_name", filled, ""),
        unit_weight=Decigrams(row.of("gross_weight_g", tenths, 0)),
        unit_sd=Decigrams(row.of("gross_sd_g", tenths, 0)),
        count_by_weight_max=row.of("count_by_weight_max", whole, 0),
        price=Fen(row.of("price_fen", positive, 0)),
        cert_no=row.text("cert_no"),
        cert_status=row.of("cert_status", cert_status, ""),
        cert_to=row.of("cert_to", day, None),
        linkage=row.text("linkage"),
        shelf_life_days=row.of("shelf_life_days", lambda value: positive(value) if value else None, None),
        age_restricted=row.of("age_restricted", flag, False),
        counter_ok=row.of("counter_ok", flag, False),
    )
    return None if row.faulty else product


def filled(value: str) -> str:
    if not value:
        raise ValueError("is empty; fill it in")
    return value


def whole(value: str) -> int:
    """A count: ASCII digits only, so that ``1e3``, ``１２`` and ``3.5`` are refused."""
    if not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number ≥ 0")
    return int(value)


def positive(value: str) -> int:
    if (number := whole(value) if value.isascii() and value.isdigit() else 0) < 1:
        raise ValueError("must be a whole number ≥ 1")
    return number


def tenths(value: str) -> int:
    """Grams with at most one decimal, as whole tenths; more than 0."""
    try:
        number = Decimal(value) * 10
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0 or number != int(number):
        raise ValueError("must be grams > 0 with at most one decimal")
    return int(number)


def flag(value: str) -> bool:
    if value not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return value == "1"


def cert_status(value: str) -> str:
    if value not in CERT_STATUSES:
        raise ValueError(f"must be one of {', '.join(CERT_STATUSES)}")
    return value


def day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise ValueError("must be a day like 2027-12-31, or empty") from None


def gtin13(value: str) -> str:
    """Thirteen digits whose last one is right (GS1 General Specifications, 7.9)."""
    if not (len(value) == 13 and value.isascii() and value.isdigit()):
        raise ValueError("must have 13 digits")
    if check_digit(value[:12]) != int(value[12]):
        raise ValueError(f"has a wrong check digit; it should end in {check_digit(value[:12])}")
    return value


def check_digit(twelve: str) -> int:
    """The 13th digit: weights 1 and 3 in turn from the left, up to the next ten."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return -total % 10
