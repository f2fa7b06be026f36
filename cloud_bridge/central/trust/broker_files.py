"""mosquitto's files for counters in the field, as text: who may connect, who may say and hear what. Pure.

Each line of the ACL follows the table of topics in docs/protocol.md. The broker keeps nothing: persistence
stays off, whatever it forgets is sent again.
"""

from collections.abc import Sequence

from cloud_bridge.feed import CENTRE_STATE, topic

UP = ("events", "presence", "live", "health")
DOWN = ("acks", "commands")

CONFIG = """\
# Made by `counter-central broker-config`; made again, changes here are lost.
per_listener_settings false
allow_anonymous false
acl_file {place}/counter.acl

# Stateless on purpose: counters keep every event until the centre has acknowledged it.
persistence false
max_packet_size 65536
max_inflight_messages 20
# The default of 1000 drops what is above it though it was acknowledged. Never 0: 2.0.11 then drops the
# connection after a denied publish.
max_queued_messages 100000
{pid_file}
listener {port}{address}
tls_version tlsv1.2
cafile {place}/ca.crt
certfile {place}/server.crt
keyfile {place}/server.key
# Read again on SIGHUP, for new connections.
crlfile {place}/ca.crl
require_certificate true
# The certificate's name is the user name and the client id: nobody can take another one's place.
use_identity_as_username true
use_username_as_clientid true

log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
"""


def config(place: str, port: int, address: str = "", pid_file: str = "") -> str:
    """mosquitto.conf. place: the directory of the files it names. address: "": every one of the machine."""
    return CONFIG.format(
        place=place,
        port=port,
        address=f" {address}" if address else "",
        pid_file=f"pid_file {pid_file}\n" if pid_file else "",
    )


def acl(workers: Sequence[str]) -> str:
    """The access list. ``%u`` is the name in the certificate of whoever is connected."""
    lines = ["# Made by `counter-central broker-config`; made again, changes here are lost."]
    lines += [f"pattern write {topic('%u', leaf)}" for leaf in UP]
    lines += [f"pattern read {topic('%u', leaf)}" for leaf in DOWN]
    lines += [f"pattern read {CENTRE_STATE}"]
    for worker in workers:
        lines += ["", f"user {worker}"]
        lines += [f"topic read {topic('+', leaf)}" for leaf in UP]
        lines += [f"topic write {topic('+', leaf)}" for leaf in DOWN]
        lines += [f"topic readwrite {CENTRE_STATE}"]
    return "\n".join(lines) + "\n"


def emqx_acl(workers: Sequence[str]) -> str:
    """The same access list for a cluster of EMQX: its file source, terms read from the first to the last."""

    def line(who: str, what: str, topics: Sequence[str]) -> str:
        named = ", ".join(f'"{each}"' for each in topics)
        return f"{{allow, {who}, {what}, [{named}]}}."

    lines = ["%% Made by `counter-central broker-config`; made again, changes here are lost."]
    for worker in workers:
        who = f'{{username, "{worker}"}}'
        lines.append(line(who, "subscribe", [*(topic("+", leaf) for leaf in UP), CENTRE_STATE]))
        lines.append(line(who, "publish", [*(topic("+", leaf) for leaf in DOWN), CENTRE_STATE]))
    own = "${username}"
    lines.append(line("all", "publish", [topic(own, leaf) for leaf in UP]))
    lines.append(line("all", "subscribe", [*(topic(own, leaf) for leaf in DOWN), CENTRE_STATE]))
    return "\n".join([*lines, "{deny, all}."]) + "\n"
