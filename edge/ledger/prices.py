"""What a sale's lines cost beside the list price, and what goods were dealt for lately. It sets no price."""

from datetime import timedelta

from sqlite_utils import Database

from edge.domain.values import Fen, Instant, Sku, rfc3339

SCHEMA = """
DROP TRIGGER sale_adds_up;

ALTER TABLE sale ADD COLUMN discount_fen INTEGER NOT NULL DEFAULT 0 CHECK (discount_fen >= 0);

ALTER TABLE sale ADD COLUMN prices TEXT NOT NULL DEFAULT '';

CREATE TABLE priced_line (
    sale INTEGER NOT NULL REFERENCES sale (n) DEFERRABLE INITIALLY DEFERRED,
    line INTEGER NOT NULL CHECK (line > 0),
    tray TEXT NOT NULL,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    price_fen INTEGER NOT NULL CHECK (price_fen >= 0),
    list_price_fen INTEGER NOT NULL CHECK (list_price_fen >= price_fen),
    discount_fen INTEGER NOT NULL CHECK (discount_fen BETWEEN 0 AND count * price_fen),
    promotion TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen = count * price_fen - discount_fen),
    certified INTEGER NOT NULL CHECK (certified IN (0, 1)),
    county TEXT NOT NULL,
    supplier TEXT NOT NULL,
    CHECK ((promotion <> '') = (list_price_fen > price_fen OR discount_fen > 0)),
    PRIMARY KEY (sale, line)
) STRICT, WITHOUT ROWID;

INSERT INTO priced_line SELECT sale, line, tray, sku, name, count, price_fen, price_fen, 0, '', amount_fen,
       certified, county, supplier
  FROM sale_line;

DROP TABLE sale_line;

ALTER TABLE priced_line RENAME TO sale_line;

CREATE TRIGGER sale_line_sealed BEFORE INSERT ON sale_line BEGIN
    SELECT RAISE(ABORT, 'sale_line: the sale is sealed') WHERE EXISTS (SELECT 1 FROM sale WHERE n = NEW.sale);
END;

CREATE TRIGGER sale_adds_up BEFORE INSERT ON sale BEGIN
    SELECT RAISE(ABORT, 'sale: numbers are contiguous')
     WHERE NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM sale);
    SELECT RAISE(ABORT, 'sale: the total is not the sum of its lines')
     WHERE (NEW.total_fen, NEW.certified_fen, NEW.discount_fen) IS NOT
           (SELECT sum(amount_fen), sum(amount_fen * certified), sum(discount_fen)
              FROM sale_line WHERE sale = NEW.n);
END;

CREATE INDEX session_closed ON session (closed);
"""

_DEALS = (
    "SELECT l.sku, min(l.amount_fen / l.count) FROM session s JOIN sale x ON x.session = s.id"
    " JOIN sale_line l ON l.sale = x.n WHERE s.closed >= ? GROUP BY l.sku"
)


def lowest_deals(db: Database, now: Instant, days: int) -> dict[Sku, Fen]:
    """The lowest price of a piece that was truly paid in the last ``days`` days, by product.

    After every discount, rounded down to the fen. A product that was not sold is not in it.
    """
    since = rfc3339(now.wall - timedelta(days=days))
    return {Sku(sku): Fen(fen) for sku, fen in db.execute(_DEALS, (since,)).fetchall()}
