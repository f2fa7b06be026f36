"""The counter's settings: one TOML file, read once in ``main``, checked whole, passed by hand."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Board = Annotated[int, Meta(ge=0, le=255)]
Channel = Annotated[int, Meta(ge=1, le=48)]
Contact = Literal["short", "open"]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are refused."""


class Counter(Section, frozen=True, kw_only=True):
    """Who and where this counter is, as screens show it; ``id`` stands in topics and order numbers too.

    What is "" or missing is shown as 未登记 (not registered), never left out and never made up.
    """

    id: str
    name: str
    place: str
    hotline: str
    channel: Literal["PROCURE", "UNIT_HELP", "SUPERMARKET", "ECOMMERCE", "EVENT", "TOURISM", "BASE_ORDER"] = (
        "UNIT_HELP"
    )
    timezone: str = "Asia/Shanghai"
    operator: str = ""
    """Who runs the counter and answers for it."""
    filing_no: str = ""
    """The number of its filing (备案号) with the food authority."""
    filing_valid_to: date | None = None
    """The last local day on which the filing holds; past it the alarm FILING_LAPSED is raised."""
    licence_note: str = ""
    """The operator's licences in one line, as they are to be shown (营业执照、食品经营许可)."""
    program_terms: Literal["2020", "2021"] = "2021"
    """Which words of the programme are used: they changed in 2021."""
    complaint_line: str = "12315"
    """Where buyers complain about a seller: 12315 is the national consumers' line."""


class Files(Section, frozen=True, kw_only=True):
    """Paths; relative ones are relative to the settings file, ``data`` to the working directory."""

    data: str = ".counter"
    catalogue: str = "catalogue.csv"
    planogram: str = "planogram.toml"
    roster: str = "roster.toml"
    deliveries: str = ""
    """What is on its way to the counter; "": nobody says."""
    traces: str = ""
    """Where the goods come from, lot by lot; "": no such file."""
    prices: str = ""
    """Price versions and promotions; "": everything is sold at the catalogue's price."""
    recalls: str = ""
    """What must not be sold any more; "": no such file."""
    planogram_draft: str = ""
    """The planogram to come, at once or with the next restock; "": none."""


class Policy(Section, frozen=True, kw_only=True):
    """What may be sold here, to whom and when. The defaults are those of a government office."""

    certified_only: bool = True
    certified_ratio_min: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Least share of certified goods in a planogram, where uncertified ones are allowed at all."""
    ratio_by: Literal["facings", "sku", "value"] = "facings"
    alcohol: bool = False
    identity: Literal["any", "unit_staff"] = "any"
    """unit_staff: only accounts of the roster with ``staff = true`` may open to buy."""
    expired_tray: Literal["refuse_door", "mask"] = "refuse_door"
    blocked_tray: Literal["mask", "refuse_door"] = "mask"
    """Goods that lie there and may not be sold: their tray is out of sale, or the whole door is."""
    hours: tuple[str, ...] = ()
    """When buyers may open, like ``mon-fri 07:30-20:00``; (): always."""
    over_quota: Literal["refuse", "self_pay"] = "refuse"
    """Of accounts with quotas: self_pay: what no quota pays is the buyer's own. refuse: without anything left
    the door stays shut, and what a visit takes beyond it is owed: until it is settled, UNPAID."""
    per_day_fen: Annotated[int, Meta(ge=1)] | None = None
    per_day_pieces: Annotated[int, Meta(ge=1)] | None = None
    """Once so much was bought on a local day, the door stays shut for that account till the next."""
    abandoned_days: Annotated[int, Meta(ge=1)] = 21
    """So many days without a restock, and somebody has to ask who looks after the counter."""
    price_guard_pct: Annotated[int, Meta(ge=0)] = 10
    """A price so many percent above the catalogue's usual one is warned of."""


class SerialPort(Section, frozen=True, kw_only=True):
    """One serial line. url: a device path, ``socket://host:port`` or ``rfc2217://host:port``."""

    url: str
    baud: int = 9600
    echoes: bool = False
    """The adapter gives back what it sends; found by the installation's self-test."""


class LockBoard(Section, frozen=True, kw_only=True):
    """The lock board: which of its channels pulses the bolt and which one carries the door's reed.

    Channels count from 1, whatever the board counts from. What a driver's boards allow: settings_check.
    """

    driver: Literal[
        "lock.bcc8a",
        "lock.krcu",
        "lock.krcu48",
        "lock.modbus",
        "lock.winnsen",
        "lock.wkly",
        "cabinet.iw",
    ] = "lock.bcc8a"
    """cabinet.iw: the board's only door, drawn and thrown by a motor; it has no channels to name."""
    port: str = "main"
    board: Board = 1
    """Its number, station or Modbus unit."""
    lock: Channel = 1
    bolt: Channel = 1
    """lock.modbus: the input that carries the bolt's feedback, as ``reed`` is the door's; other boards have
    it on the lock's own channel."""
    channel_base: Literal[0, 1] = 0
    """lock.wkly: what the board calls its first channel; found at the installation."""
    pulse_ms: Annotated[int, Meta(ge=100, le=1000, multiple_of=100)] = 700
    """lock.modbus: how long the board is told to pulse; other boards have a time of their own."""
    feedback_when_locked: Contact = "short"
    reed: Channel = 2
    reed_when_closed: Contact = "short"
    rest_s: Annotated[float, Meta(ge=0)] = 3.0
    pulses_a_minute: Annotated[int, Meta(ge=1)] = 10
    """How long the coil rests between two pulses, and how many it takes in a minute."""


class Scales(Section, frozen=True, kw_only=True):
    """The weighing boards of the planogram's trays."""

    driver: Literal["scale.modbus32", "scale.ascii", "scale.x0502", "scale.lowa", "cabinet.iw"] = (
        "scale.modbus32"
    )
    port: str = "main"
    profile: str = "modbus32"
    """scale.modbus32: a register map, packaged in ``edge/hardware/profiles`` or a TOML file relative to the
    settings file."""
    dialect: Literal["mt_sics", "stgs"] = "mt_sics"
    """scale.ascii: asked with MT-SICS, or listened to (lines like ``ST,GS,+  1.500kg``)."""
    units: dict[str, Annotated[int, Meta(ge=0, le=9999)]]
    """Tray id → the number of its scale on the wire. What a driver's scales allow: settings_check."""
    ports: dict[str, str] = {}
    """Tray id → its port, for trays that are on another line than ``port``."""
    idle_hz: Positive = 5.0
    busy_hz: Positive = 10.0
    """Sweeps a second while idle and while a session runs; the line's own speed is the ceiling."""

    def port_of(self, tray: str) -> str:
        """The name of the line that this tray's scale is on."""
        return self.ports.get(tray, self.port)


class Session(Section, frozen=True, kw_only=True):
    """Limits of a door session, in seconds."""

    token_new_s: Positive = 30.0
    token_ttl_s: Annotated[float, Meta(gt=0, le=60)] = 60.0
    bolt_s: Positive = 2.0
    pull_s: Positive = 10.0
    warn_s: Positive = 60.0
    alarm_s: Positive = 180.0
    latch_s: Positive = 3.0
    settle_s: Positive = 6.0
    ask_s: Annotated[float, Meta(ge=0, le=120)] = 15.0
    """How long the buyer may answer which of two explanations is right; 0: nobody is asked."""
    pin_tries: Annotated[int, Meta(ge=1)] = 5
    pin_lock_s: Positive = 900.0


class Weighing(Section, frozen=True, kw_only=True):
    """How weights become goods.

    band = k · sd · √n + const: how far a weight may be from n pieces and still count as n, in a restock.
    sure_p … bulk_units: what a basket must keep to be charged unasked; ``counter bench recognition`` prints
    the error rates that other values of sure_p buy. flight_days: how long recordings are kept.
    """

    band_k: Positive = 3.0
    band_const_g: Positive = 5.0
    max_load_g: Positive = 10000.0
    sure_p: Annotated[float, Meta(ge=0.9, lt=1)] = 0.955
    fit_z: Positive = 3.8
    swap_z: Positive = 3.0
    bulk_units: Annotated[int, Meta(ge=2)] = 4
    flight_days: Annotated[int, Meta(ge=1, le=366)] = 30
    lint: Literal["refuse", "warn", "off"] = "refuse"
    """What becomes of a planogram whose goods cannot be told apart by weight."""
    audit_at: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "03:30"
    """Local time at which, once a day, each tray is said to have kept its weight or not."""


class Screens(Section, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""
    """What phones use to reach this counter, e.g. ``http://192.0.2.7:8080``; "": host and port."""
    scan_url: Annotated[str, Meta(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")] = ""
    """Where the codes lead that buyers scan, if not to this counter's own page: the centre's address, for
    a counter that phones cannot reach, e.g. ``https://centre.example``; "": ``public_url``."""
    voice: Literal["off", "on", "speech"] = "off"
    """What the counter's screen plays: nothing; the sound files; the browser's Chinese or English voice where
    it has one, else the files."""
    volume: Annotated[float, Meta(ge=0, le=1)] = 0.8
    voice_dir: str = ""
    """The site's own sound files, relative to the settings file: its ``zh/open.wav`` replaces ours."""


class MqttBroker(Section, frozen=True, kw_only=True):
    """The broker, as bridge and centre reach it.

    version 3.1.1 only for brokers without MQTT 5: no reasons of refusal and no shared subscriptions.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    version: Literal["5", "3.1.1"] = "5"
    keepalive_s: Annotated[int, Meta(ge=5, le=120)] = 20
    redial_max_s: Annotated[int, Meta(ge=1, le=600)] = 60
    """The longest pause before a lost broker is dialled again; a large fleet needs a long one."""
    username: str = ""
    password_file: str = ""
    tls: bool = False
    """Certificates on both sides; without it only a broker on the same machine is fit for use."""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    """Files of TLS; "": those that ``counter enrol`` wrote into the data directory."""


class Mqtt(MqttBroker, frozen=True, kw_only=True):
    """The counter's side of the feed."""

    window: Annotated[int, Meta(ge=1, le=200)] = 20
    """Messages sent and not yet acknowledged by the broker."""
    replay_per_s: Annotated[int, Meta(ge=0, le=100_000)] = 400
    """Events a second while catching up, for a fleet that comes back not to flood the centre; 0: no pace."""
    centre: str = ""
    """The centre's URL, for new certificates and the time; "": the one that enrolled this counter."""


class Commands(Section, frozen=True, kw_only=True):
    """Whose commands the counter obeys."""

    keys: tuple[Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$")], ...] = ()
    """Public keys of centres, as ``counter-central keys`` shows them; (): no command is obeyed."""


class Bridge(Section, frozen=True, kw_only=True):
    """status_port: on which the bridge tells this machine how it is; 0: none."""

    status_port: Port = 0


class Settings(Section, frozen=True, kw_only=True):
    counter: Counter
    ports: dict[str, SerialPort]
    lock: LockBoard
    scales: Scales
    files: Files = Files()
    session: Session = Session()
    weighing: Weighing = Weighing()
    screens: Screens = Screens()
    policy: Policy = Policy()
    mqtt: Mqtt = Mqtt()
    commands: Commands = Commands()
    bridge: Bridge = Bridge()


def decode(text: bytes) -> Settings:
    """The settings in a TOML text. Raises msgspec.ValidationError naming the first fault."""
    return msgspec.toml.decode(text, type=Settings)
