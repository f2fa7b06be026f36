"""The tables of commands at the centre. Text only; what stands in them is ``commanding``'s.

``command`` and ``document`` are the centre's own truth, not made from events. ``command_answer`` and
``applied`` are projections.
"""

from cloud_bridge.central.table import FIRST, LATEST, table

TABLES = """
create table command (
    id text primary key, request text not null, counter text not null, kind text not null,
    body text not null, jws text not null, sha256 text, base text,
    issued_by text not null, issued_at integer not null, expires_at integer not null,
    next_at integer not null, published_at integer, times integer not null, followed integer not null
) strict;
create index command_by_counter on command (counter, issued_at);
create index command_by_request on command (request);
create index command_by_expiry on command (expires_at);
create table document (
    sha256 text primary key, kind text not null, version text not null, body text not null
) strict;
create table command_answer (
    counter text not null, command text not null, inc text not null, seq integer not null,
    kind text not null, outcome text not null, code text not null, detail text not null,
    session text, report text not null, answered_at text not null,
    primary key (counter, command)
) strict;
create index command_answer_by_event on command_answer (counter, inc, seq);
create table applied (
    counter text not null, inc text not null, kind text not null, seq integer not null,
    version text not null, applied_at text not null,
    primary key (counter, inc, kind)
) strict
"""

COMMAND_ANSWER = table(
    "command_answer",
    "counter command inc seq kind outcome code detail session report answered_at",
    key=2,
    wins=FIRST,
)
APPLIED = table("applied", "counter inc kind seq version applied_at", key=3, wins=LATEST)
