"""One MQTT session after another. It owns the paho client; it knows no event and no table.

paho's thread does no more than put() what happened on a queue. A client lives for one session: when
it ends, is refused or its thread dies, the client is dropped and a new one dials after a back-off of
our own, with jitter, so that a broker's restart is not answered by the whole fleet at once. What the
dropped client still held is forgotten: the outbox knows better what to send again.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from socket import IPPROTO_TCP, TCP_NODELAY
from time import monotonic
from typing import Any, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud_bridge import tls
from edge.errors import ConfigError, CounterError
from edge.settings import MqttBroker

CONNECT_TIMEOUT_S = 5.0
UP_TIMEOUT_S = 30.0
"""From dialling until the broker has confirmed the session and every subscription."""
SETTLED_S = 10.0
"""A session that lasted this long ends the back-off; a flapping one does not."""

SHARED_PREFIX = "$share/ingest/"

UNSUPPORTED_VERSION = 0x84
NEEDS_MQTT_5 = (
    "this broker does not speak MQTT 5, whose reasons for a refusal the feed needs: use one that"
    ' does (mosquitto 2.0 or newer). mqtt.version = "3.1.1" is for the demo\'s own broker on this machine'
)
LOOPBACK = ("localhost", "::1")


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it. version 3.1.1: refusals are not told apart."""

    host: str
    port: int
    version: Literal["5", "3.1.1"] = "5"
    keepalive_s: int = 20
    username: str = ""
    password: str | None = field(default=None, repr=False)
    redial_max_s: float = 60.0
    make_context: Callable[[], tls.Context] | None = None
    """For each new client one, so that renewed certificates are taken up; None: no TLS."""


@dataclass(frozen=True, slots=True)
class Message:
    """To be published. QoS 1 unless ``may_be_lost``. expiry_s: the broker drops it then, 0: never."""

    topic: str
    body: bytes
    retain: bool = False
    may_be_lost: bool = False
    content_type: str = ""
    expiry_s: int = 0


# --- what the queue brings; session: number of the client it came from ----------------------------
@dataclass(frozen=True, slots=True)
class Up:
    """Connected and subscribed."""

    session: int
    receive_maximum: int
    max_packet: int


@dataclass(frozen=True, slots=True)
class Down:
    """code: of the broker's DISCONNECT, 0 where it sent none. hopeless: dialling again will not help."""

    session: int
    why: str
    code: int = 0
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    session: int
    mid: int
    code: int


@dataclass(frozen=True, slots=True)
class Arrived:
    session: int
    topic: str
    body: bytes
    mid: int
    qos: int
    at: float = 0.0
    """When it came, monotonic seconds; 0: not told."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Somebody else wants the loop to look: a stop, a timer."""


Event = Up | Down | Published | Arrived | Wake


class Link:
    """``turn`` dials and watches; everything else needs a session and is dropped without one."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        will: Message,
        subscriptions: tuple[str, ...],
        random: Random,
    ) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.session = 0
        self._broker, self._client_id, self._will = broker, client_id, will
        self._subscriptions, self._random = subscriptions, random
        self._client: mqtt.Client | None = None
        self._up_since: float | None = None
        self._dial_at, self._failures = 0.0, 0
        self._up_by = 0.0

    def turn(self, now: float) -> float:
        """Dial when it is time, drop what died. Gives the time of the next look."""
        if self._client is None:
            if now < self._dial_at:
                return self._dial_at
            self._dial()
            self._up_by = now + UP_TIMEOUT_S
        elif not self._thread_lives(self._client):
            self.events.put(Down(self.session, "network thread ended"))
        elif self._up_since is None and now >= self._up_by:
            self.events.put(Down(self.session, f"no session within {UP_TIMEOUT_S:.0f} s of dialling"))
        return now + 1.0

    def is_up(self) -> bool:
        return self._up_since is not None

    def noted_up(self, up: Up, now: float) -> bool:
        """The loop saw ``up``. False: it belongs to a client dropped since."""
        if up.session != self.session or self._client is None:
            return False
        self._up_since = now
        return True

    def noted_down(self, down: Down, now: float) -> float | None:
        """The loop saw ``down``: when the next client dials. None: that client was dropped before."""
        if down.session != self.session or self._client is None:
            return None
        return self.drop(now)

    def drop(self, now: float) -> float:
        """Give this client up; the next one dials at the time returned."""
        client, self._client = self._client, None
        if self._up_since is not None and now - self._up_since >= SETTLED_S:
            self._failures = 0
        self._up_since = None
        self._failures += 1
        ceiling = min(self._broker.redial_max_s, 0.5 * 2.0 ** min(self._failures, 16))
        self._dial_at = now + self._random.uniform(0.2, ceiling)
        if client is not None:
            client.disconnect()  # its thread is a daemon and ends by itself; joining it could block
        return self._dial_at

    def publish(self, message: Message) -> int | None:
        """The packet id a later Published names; None without a session.

        Return code 4 (no connection) still counts as in flight: paho keeps and may send the message.
        """
        if self._client is None or self._up_since is None:
            return None
        qos = 0 if message.may_be_lost else 1
        properties = self._properties(message) if self._broker.version == "5" else None
        return self._client.publish(message.topic, message.body, qos, message.retain, properties).mid

    @staticmethod
    def _properties(message: Message) -> Properties | None:
        if not message.content_type and not message.expiry_s:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's has none
        if message.content_type:
            properties.ContentType = message.content_type
        if message.expiry_s:
            properties.MessageExpiryInterval = message.expiry_s
        return properties

    def acknowledge(self, message: Arrived) -> None:
        """Tell the broker that ``message`` is safe. Void once its session has ended."""
        if self._client is not None and message.session == self.session and message.qos:
            self._client.ack(message.mid, message.qos)

    def close(self, last_words: Message, patience_s: float = 0.3) -> None:
        """Say ``last_words`` and disconnect in good order, for which the broker does not send the will."""
        if self._client is None:
            return
        mid = self.publish(last_words)
        if mid is not None:
            self._wait_for(lambda event: isinstance(event, Published) and event.mid == mid, patience_s)
        self._client.disconnect()
        if mid is not None:
            self._wait_for(lambda event: isinstance(event, Down), patience_s)
        self._client, self._up_since = None, None

    def wait(self, timeout_s: float) -> list[Event]:
        """What happened, oldest first; after at most ``timeout_s`` an empty list."""
        events: list[Event] = []
        with suppress(Empty):
            events.append(self.events.get(timeout=timeout_s) if timeout_s > 0 else self.events.get_nowait())
            while True:
                events.append(self.events.get_nowait())
        return events

    def _wait_for(self, wanted: Callable[[Event], bool], patience_s: float) -> None:
        with suppress(Empty):
            while not wanted(self.events.get(timeout=patience_s)):
                pass

    # --- the client ------------------------------------------------------------------------------
    def _dial(self) -> None:
        self.session += 1
        self._client = client = self._new_client(self.session)
        if self._broker.make_context is not None:
            try:
                client.tls_set_context(self._broker.make_context())
            except CounterError as error:
                self.events.put(Down(self.session, str(error)))
                return
        client.connect_async(
            self._broker.host, self._broker.port, self._broker.keepalive_s, **self._clean_start()
        )
        client.loop_start()

    def _clean_start(self) -> dict[str, Any]:
        return {"clean_start": True} if self._broker.version == "5" else {}

    def _new_client(self, session: int) -> mqtt.Client:
        five = self._broker.version == "5"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=None if five else True,
            protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.max_inflight_messages_set(0)  # the window is ours; paho's own list costs its length
        client.connect_timeout = CONNECT_TIMEOUT_S
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        client.will_set(self._will.topic, self._will.body, 1, self._will.retain)
        self._listen(client, session)
        return client

    def _listen(self, client: mqtt.Client, session: int) -> None:
        """Callbacks run in paho's thread and only put(); subscribing is the one thing beside it."""
        put = self.events.put
        limits: dict[str, int] = {}

        def on_connect(client: mqtt.Client, _u: Any, _f: Any, code: ReasonCode, props: Any) -> None:
            if code.is_failure:
                old = code.value == UNSUPPORTED_VERSION
                put(Down(session, f"refused: {code}" + (f"; {NEEDS_MQTT_5}" if old else ""), hopeless=old))
                return
            limits["receive"] = getattr(props, "ReceiveMaximum", 65535)
            limits["packet"] = getattr(props, "MaximumPacketSize", 268_435_455)
            client.subscribe([(self._filter(name), 1) for name in self._subscriptions])

        def on_subscribe(_c: Any, _u: Any, _m: int, codes: list[ReasonCode], _p: Any) -> None:
            if any(code.is_failure for code in codes):
                put(Down(session, f"subscription refused: {[str(code) for code in codes]}"))
            else:
                put(Up(session, limits["receive"], limits["packet"]))

        def on_socket_open(_c: Any, _u: Any, line: Any) -> None:
            line.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # acks are small: they must not wait for each other

        client.on_socket_open = on_socket_open
        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        # paho calls this while it handles what went wrong.
        client.on_connect_fail = lambda _c, _u: put(Down(session, tls.why(sys.exc_info()[1])))

        def on_disconnect(
            c: mqtt.Client, _u: Any, flags: mqtt.DisconnectFlags, code: ReasonCode, _p: Any
        ) -> None:
            theirs = flags.is_disconnect_packet_from_server
            put(Down(session, _fault(c) or str(code), code.value if theirs else 0))

        client.on_disconnect = on_disconnect
        client.on_publish = lambda _c, _u, mid, code, _p: put(Published(session, mid, code.value))
        client.on_message = lambda _c, _u, m: put(
            Arrived(session, m.topic, bytes(m.payload), m.mid, m.qos, monotonic())
        )

    def _filter(self, name: str) -> str:
        """Shared subscriptions are MQTT 5's; a 3.1.1 broker gets the plain form and all workers hear all."""
        return name.removeprefix(SHARED_PREFIX) if self._broker.version != "5" else name

    @staticmethod
    def _thread_lives(client: mqtt.Client) -> bool:
        thread = client._thread  # no public way to learn that paho's network thread has died
        return thread is not None and thread.is_alive()


def broker_of(mqtt: MqttBroker, identity: Path | None = None, judge: tls.Judge | None = None) -> Broker:
    """The broker that the settings name.

    identity: where certificates lie that the settings do not name. judge: see ``tls.context``; it is asked
    at each dial. Raises ConfigError where a file that they name cannot be used, and for MQTT 3.1.1 beyond
    this machine.
    """
    if mqtt.version != "5" and not is_loopback(mqtt.host):
        raise ConfigError(f'mqtt.version = "{mqtt.version}" with the broker {mqtt.host}: {NEEDS_MQTT_5}')
    password = _password_in(mqtt.password_file)
    make = _contexts(mqtt, identity or Path(), judge) if mqtt.tls else None
    return Broker(
        mqtt.host,
        mqtt.port,
        mqtt.version,
        mqtt.keepalive_s,
        mqtt.username,
        password,
        mqtt.redial_max_s,
        make,
    )


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine by what it is, not by what a resolver makes of it."""
    try:
        return host in LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False


def _contexts(mqtt: MqttBroker, identity: Path, judge: tls.Judge | None) -> Callable[[], tls.Context]:
    """Makes contexts from the files as they are then; one is made at once, so that faults are told early."""
    files = tls.Tls(
        ca=Path(mqtt.ca) if mqtt.ca else identity / tls.CA_FILE,
        certificate=Path(mqtt.certificate) if mqtt.certificate else identity / tls.CERTIFICATE_FILE,
        key=Path(mqtt.key) if mqtt.key else identity / tls.KEY_FILE,
    )
    tls.context(files)
    return lambda: tls.context(files, judge() if judge else None)


def _password_in(path: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"mqtt.password_file {path}: {error}") from error


def _fault(client: mqtt.Client) -> str:
    """Why the broker ended a TLS connection, where it said so; "" otherwise."""
    context = client._ssl_context  # paho has no public way to ask for it
    return tls.why(context.fault) if isinstance(context, tls.Context) and context.fault else ""
