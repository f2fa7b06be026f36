"""The table of the centre's own alarms. Text only; what stands in it is ``own_alarm_watch``'s."""

TABLES = """
create table centre_alarm (
    counter text not null, kind text not null, subject text not null,
    number integer not null, active integer not null, severity text not null, detail text not null,
    at text not null, seen_s integer not null,
    primary key (counter, kind, subject)
) strict;
create index centre_alarm_standing on centre_alarm (counter) where active = 1;
alter table counter add column refused integer not null default 0;
alter table counter add column refused_told integer not null default 0
"""
