"""The tables of gaps and of duties. Text only; what stands in them is ``gap_watch``'s and ``duty``'s."""

TABLES = """
create table gap (
    counter text not null, inc text not null, first integer not null, top integer not null,
    seen_at integer not null, next_at integer not null, asks integer not null,
    alarm text not null, alarm_at integer,
    primary key (counter, inc)
) strict;
create table duty (name text primary key, holder text not null, until integer not null) strict
"""
