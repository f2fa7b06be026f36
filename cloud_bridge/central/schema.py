"""The tables of the centre's database. Raw events are the truth; projections can be made again from them."""

from cloud_bridge.central import commanding_schema, gap_schema, own_alarm_schema, timing_rows

MIGRATIONS = (
    """
create table raw_event /* by counter */ (
    id integer primary key,
    counter text not null, inc text not null, seq integer not null check (seq >= 1),
    hash text not null, body blob not null, received text not null,
    unique (counter, inc, seq)
) strict;
create trigger raw_event_stays before update on raw_event
    begin select raise(abort, 'raw events are append-only'); end;
create trigger raw_event_is_kept before delete on raw_event
    begin select raise(abort, 'raw events are append-only'); end;
create table mark (
    counter text not null, inc text not null, hi integer not null default 0, primary key (counter, inc)
) strict, without rowid;
create table held (
    counter text not null, inc text not null, seq integer not null, primary key (counter, inc, seq)
) strict, without rowid;
create table dead_letter (
    id integer primary key,
    counter text not null, inc text, seq integer, code text not null, why text not null,
    hash text not null, body blob not null, received text not null,
    unique (counter, hash)
) strict;
create table conflict (
    id integer primary key,
    counter text not null, inc text not null, seq integer not null,
    hash text not null, body blob not null, received text not null,
    unique (counter, inc, seq, hash)
) strict;
create table counter (
    counter text primary key, inc text, online integer not null default 0, since text, version text,
    boot text, backlog integer, parked integer, heard text not null
) strict;
create table sale (
    counter text not null, session text not null, inc text not null, seq integer not null,
    order_no text not null, channel text not null, total_fen integer not null, certified_fen integer not null,
    catalogue text not null, opened_at text not null, closed_at text not null, closed_ms integer not null,
    clk integer not null,
    primary key (counter, session)
) strict;
create index sale_by_event on sale (counter, inc, seq);
create index sale_by_time on sale (closed_ms);
create table sale_line (
    counter text not null, session text not null, line integer not null,
    tray text not null, sku text not null, name text not null, count integer not null,
    price_fen integer not null, amount_fen integer not null,
    certified integer not null, county text not null, supplier text not null,
    primary key (counter, session, line)
) strict, without rowid;
create table session (
    counter text not null, session text not null, inc text not null, seq integer not null,
    kind text not null, state text not null, verdict text not null, reasons text not null,
    order_no text, opened_at text not null, closed_at text not null, closed_ms integer not null,
    primary key (counter, session)
) strict;
create table stock_move (
    counter text not null, movement text not null, inc text not null, seq integer not null,
    tray text not null, sku text not null, kind text not null, count integer not null,
    session text, reason text not null,
    primary key (counter, movement)
) strict;
create view stock as
    select counter, tray, sku, sum(count) as on_hand from stock_move group by counter, tray, sku;
create table alarm (
    counter text not null, inc text not null, kind text not null, subject text not null,
    seq integer not null, active integer not null, severity text not null, detail text not null,
    session text, at text not null,
    primary key (counter, inc, kind, subject)
) strict
""",
    """
alter table sale add column unit text not null default '';
alter table sale_line add column supplier_id text not null default '';
alter table sale_line add column supply_price_fen integer;
alter table stock_move add column at_ms integer not null default 0;
create index sale_by_unit on sale (unit, closed_ms);
create index sale_line_by_supplier on sale_line (supplier_id, sku);
create table sale_paid (
    counter text not null, session text not null, n integer not null,
    scheme text not null, quota text not null, fen integer not null, certified_fen integer not null,
    owed integer not null,
    primary key (counter, session, n)
) strict, without rowid;
create table refund (
    counter text not null, refund text not null, inc text not null, seq integer not null,
    session text not null, order_no text not null, unit text not null, fen integer not null,
    certified_fen integer not null, reason text not null, at text not null, at_ms integer not null,
    primary key (counter, refund)
) strict;
create index refund_by_sale on refund (counter, session);
create index refund_by_time on refund (at_ms);
create table refund_line (
    counter text not null, refund text not null, line integer not null, -- as in sale_line
    fen integer not null, count integer not null,
    primary key (counter, refund, line)
) strict, without rowid;
create table refund_paid (
    counter text not null, refund text not null, n integer not null,
    scheme text not null, quota text not null, fen integer not null, certified_fen integer not null,
    primary key (counter, refund, n)
) strict, without rowid;
create table quota_entry (
    counter text not null, entry text not null, inc text not null, seq integer not null,
    kind text not null, unit text not null, scheme text not null, quota text not null, fen integer not null,
    order_no text, at_ms integer not null,
    primary key (counter, entry)
) strict
""",
    """
create table restock (
    counter text not null, session text not null, inc text not null, seq integer not null,
    document text not null, signer text not null, opened_at text not null, closed_at text not null,
    closed_ms integer not null,
    primary key (counter, session)
) strict;
create index restock_by_event on restock (counter, inc, seq);
create table restock_line (
    counter text not null, session text not null, line integer not null,
    tray text not null, sku text not null, planned integer not null, weighed integer not null,
    brought integer not null, pulled integer not null, pull_reason text not null, counted integer,
    adjusted integer not null, lies integer not null, lot text not null, produced_on text, expires_on text,
    reason text not null,
    primary key (counter, session, line)
) strict, without rowid;
alter table stock_move add column lot text not null default '';
alter table stock_move add column expires_on text;
create view stock_lot as
    select counter, tray, sku, lot, expires_on, sum(count) as on_hand from stock_move
    group by counter, tray, sku, lot, expires_on having sum(count) <> 0
""",
    """
create index session_by_event on session (counter, inc, seq);
create index stock_move_by_event on stock_move (counter, inc, seq);
create index refund_by_event on refund (counter, inc, seq);
create index alarm_by_event on alarm (counter, inc, seq)
""",
    """
create table projected (schema integer not null) strict;
insert into projected (schema) values (0)
""",
    commanding_schema.TABLES,
    """
alter table counter add column clock_off_s integer;
create index alarm_standing on alarm (counter, inc) where active = 1;
create index sale_by_counter on sale (counter, closed_ms);
create index session_by_counter on session (counter, closed_ms)
""",
    """
create table stream (
    counter text not null, inc text not null,
    last_seq integer not null, last_at text not null, clk integer not null, boot text not null,
    sold_seq integer not null, sold_at text, sold_ms integer,
    primary key (counter, inc)
) strict, without rowid;
create view counter_now as
    select c.counter, c.inc, c.online, c.since, c.version, c.boot, c.backlog, c.parked, c.heard,
        c.clock_off_s, s.last_seq, s.last_at, s.clk, s.sold_at, s.sold_ms,
        (select a.version from applied a where a.counter = c.counter and a.inc = c.inc
            and a.kind = 'catalogue') as catalogue,
        (select a.version from applied a where a.counter = c.counter and a.inc = c.inc
            and a.kind = 'planogram') as planogram
    from counter c left join stream s on s.counter = c.counter and s.inc = c.inc
""",
    own_alarm_schema.TABLES,
    """
create table live (
    counter text primary key, session text not null, command text not null, state text not null,
    mono_ms integer not null, body text not null, heard_ms integer not null
) strict;
alter table counter add column name text;
alter table counter add column place text;
alter table counter add column hotline text
""",
    timing_rows.TABLES,
    gap_schema.TABLES,
    "alter table counter add column clk text not null default ''",
)
