"""Makes a revocation bite: waits until the broker refuses what was revoked, then cuts the live session.

mosquitto reads the CRL for new connections only, and keeps a revoked session for as long as it lasts. A
client id is the certificate's name there, so whoever connects with a certificate of the same name takes the
session's place: that is how it is ended, without a word to any other counter.
"""

import os
import signal
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from cloud_bridge import tls
from cloud_bridge.central.trust.office import CA, Papers
from edge.errors import Unavailable

PATIENCE_S = 45.0
"""Until then the broker must have read the list; with the cut that keeps below a minute."""
ASK_AGAIN_S = 0.5
ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where the broker listens. ca: the authority's certificate. pid_file: the broker's; "": not for us."""

    host: str
    port: int
    ca: Path
    pid_file: str = ""


def reload_broker(door: Door) -> bool:
    """SIGHUP to the broker of this machine; False where somebody else has to (systemd's path unit)."""
    if not door.pid_file:
        return False
    try:
        pid = int(Path(door.pid_file).read_text("ascii"))
        os.kill(pid, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True


def wait_refused(door: Door, probe: Papers, patience_s: float = PATIENCE_S) -> float:
    """Until the broker refuses the revoked ``probe``; gives the seconds. Raises Unavailable after that.

    A broker that cannot be reached is no broker that refuses.
    """
    begun = time.monotonic()
    while admitted(door, probe):
        if time.monotonic() - begun > patience_s:
            raise Unavailable(
                f"the broker at {door.host}:{door.port} has not read the new ca.crl in {patience_s:.0f} s "
                "and still lets revoked certificates in; copy ca.crl to it and send it SIGHUP "
                "(systemctl reload mosquitto)"
            )
        reload_broker(door)
        time.sleep(ASK_AGAIN_S)
    return time.monotonic() - begun


def admitted(door: Door, papers: Papers) -> bool:
    """Whether the broker takes a connection with these papers, which ends a session of the same name.

    False: it says that they were revoked. Raises Unavailable where there is no broker, or it says something
    else.
    """
    answered, taken = Event(), [False]

    def on_connect(_client: mqtt.Client, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        taken[0] = not code.is_failure
        answered.set()

    with _context(door, papers) as context:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, reconnect_on_failure=False)
        client.tls_set_context(context)
        client.on_connect = on_connect
        client.on_disconnect = lambda *_: answered.set()
        try:
            client.connect(door.host, door.port, keepalive=10, clean_start=True)
        except ssl.SSLError as error:
            context.fault = error
        except OSError as error:
            raise Unavailable(f"no broker at {door.host}:{door.port}: {error}; is it running?") from error
        else:
            client.loop_start()
            answered.wait(ANSWER_S)
            client.disconnect()
            client.loop_stop()
    if taken[0] or tls.says_revoked(context.fault):
        return taken[0]
    raise Unavailable(f"the broker at {door.host}:{door.port}: {tls.why(context.fault)}")


def cut(door: Door, papers: Papers) -> None:
    """End the session that runs under the name of ``papers``. Raises Unavailable."""
    if not admitted(door, papers):
        raise Unavailable(f"the broker at {door.host}:{door.port} refused to end the session; try again")


@contextmanager
def _context(door: Door, papers: Papers) -> Iterator[tls.Context]:
    with tempfile.TemporaryDirectory(prefix="counter-cut-") as place:
        certificate, key = Path(place, "cut.crt"), Path(place, "cut.key")
        certificate.write_bytes(papers.certificate)
        key.touch(mode=0o600)
        key.write_bytes(papers.key)
        context = tls.context(tls.Tls(door.ca, certificate, key))
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # refuses within the handshake, and says why
        yield context


def revoke_live(
    door: Door, make: Callable[[str, str], Papers], revoke: Callable[[str], None], name: str
) -> float:
    """Revoke ``name`` at a running broker; gives the seconds from the list's change to the cut.

    make(name, role): papers for a moment. revoke(probe's name): writes the list, with the counter and the
    probe on it.
    """
    probe_name = f"probe-{os.urandom(6).hex()}"
    probe = make(probe_name, "probe")
    begun = time.monotonic()
    revoke(probe_name)
    reload_broker(door)
    wait_refused(door, probe)
    cut(door, make(name, "cut"))
    return time.monotonic() - begun


def door_of(host: str, port: int, place: Path, pid_file: str) -> Door:
    return Door(host, port, place / CA, pid_file)
