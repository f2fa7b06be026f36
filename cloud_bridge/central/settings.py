"""The centre's settings: the Structs of its TOML file. Who reads it is ``edge.outfit.settings_load``."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from msgspec import Meta

from cloud_bridge.central.database import URL, Address
from cloud_bridge.central.gaps import Patience
from edge.errors import ConfigError
from edge.settings import MqttBroker, Port, Section

FILE = "central.db"
KEY_FILE = "command.key"
SPOOL = "command.spool"


class Database(Section, frozen=True, kw_only=True):
    """path: of the SQLite file, relative to the working directory. url: of a PostgreSQL database instead.

    password_file: holds that database's password; "": the URL or the server's own rules say enough.
    """

    path: str = ".counter/central.db"
    url: str = ""
    password_file: str = ""


class Web(Section, frozen=True, kw_only=True):
    """The operator's pages and the API. port 0: any free one; the ready line tells which.

    anonymous: the role of who gives no login, to look and never to change anything; "": none.
    proxy: the address of the reverse proxy whose word on who asks is believed; "": there is none.
    idle_min, absolute_h: how long a login is good without use, and at all.
    """

    host: str = "127.0.0.1"
    port: Port = 8090
    anonymous: Literal["", "operator", "reviewer", "auditor", "technician"] = ""
    proxy: str = ""
    idle_min: Annotated[int, Meta(ge=1, le=1440)] = 120
    absolute_h: Annotated[int, Meta(ge=1, le=168)] = 12


class Worker(Section, frozen=True, kw_only=True):
    """id: this process among the centre's workers; it is its MQTT client id too.

    silent_min: a counter of which nothing was heard for so long is an alarm. counter_per_s: messages that one
    counter may send a second, for ten seconds ten times as many; a message counts one, and one for each KiB.
    """

    id: str = "centre-1"
    silent_min: Annotated[int, Meta(ge=6, le=100_000)] = 60
    counter_per_s: Annotated[int, Meta(ge=10, le=1_000_000)] = 400
    status_port: Port = 0
    """On which this process tells its machine how it is; 0: none. The pages have /metrics too."""


class Mqtt(MqttBroker, frozen=True, kw_only=True):
    """The centre's side of the feed. Workers are few: they dial a lost broker soon."""

    redial_max_s: Annotated[int, Meta(ge=1, le=600)] = 5


class Commands(Section, frozen=True, kw_only=True):
    """key: the file that signs commands. spool: where the command line hands them in. "": beside the
    database's file.
    """

    key: str = ""
    spool: str = ""


class Gaps(Section, frozen=True, kw_only=True):
    """How numbers that are missing are asked for. look_s: how often they are looked for.

    grace_s: how long a counter has to send them by itself. again_s: after a request in vain, doubled each
    time. per_look: requests at once, over all counters.
    """

    look_s: Annotated[int, Meta(ge=1, le=600)] = 15
    grace_s: Annotated[int, Meta(ge=1, le=86_400)] = 90
    again_s: Annotated[int, Meta(ge=1, le=3600)] = 120
    per_look: Annotated[int, Meta(ge=1, le=1000)] = 20


class Webhooks(Section, frozen=True, kw_only=True):
    """path: of the file of those who are sent the events. status_port: as a worker's, of the sender."""

    path: str = ".counter/webhooks.db"
    status_port: Port = 0


class Trust(Section, frozen=True, kw_only=True):
    """The authority, and the broker that counters are told of.

    dir: of the authority's files, "": ``pki`` beside the database. broker_dir: where the broker's files lie
    if the centre may write there: the list of revoked certificates is put into it. pid_file: the broker's,
    to have it read that list; "": something else does (operations). broker_host, broker_port: as counters
    reach the broker.
    """

    dir: str = ""
    broker_dir: str = ""
    broker_host: str = "127.0.0.1"
    broker_port: Port = 8883
    pid_file: str = ""


class Phone(Section, frozen=True, kw_only=True):
    """The buyers' page. samples: logins that it offers to try it with; never where counters are real."""

    samples: tuple[str, ...] = ()


class Settings(Section, frozen=True, kw_only=True):
    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    web: Web = Web()
    worker: Worker = Worker()
    commands: Commands = Commands()
    gaps: Gaps = Gaps()
    webhooks: Webhooks = Webhooks()
    trust: Trust = Trust()
    phone: Phone = Phone()


def patience(gaps: Gaps) -> Patience:
    return Patience(grace_s=gaps.grace_s, again_s=gaps.again_s, per_tick=gaps.per_look)


def command_places(settings: Settings, address: Address) -> tuple[Path, Path]:
    """The signing key's file and the spool's directory."""
    place = (address if isinstance(address, Path) else Path(settings.database.path)).parent
    key, spool = settings.commands.key, settings.commands.spool
    return Path(key) if key else place / KEY_FILE, Path(spool) if spool else place / SPOOL


def address_of(database: Database, directory: Path | None = None) -> Address:
    """Where the centre's database is. directory: in which to look for its file, if it is a file.

    Raises ConfigError on another URL than PostgreSQL's, or where the password's file cannot be read.
    """
    if not database.url:
        return directory / FILE if directory else Path(database.path)
    scheme, _, rest = database.url.partition("://")
    if scheme not in ("postgresql", "postgres") or not rest:
        raise ConfigError("[database] url must begin with postgresql://")
    if not database.password_file:
        return URL + rest
    try:
        password = Path(database.password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"database.password_file {database.password_file}: {error}") from error
    user, at, place = rest.rpartition("@")
    if not at or ":" in user:
        raise ConfigError("database.password_file goes with a url like postgresql://user@host/name")
    return f"{URL}{user}:{quote(password, safe='')}@{place}"
