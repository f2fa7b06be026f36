"""The centre's settings: the Structs of its TOML file. Reading and layering is ``edge.settings_load``'s."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Database(Section, frozen=True, kw_only=True):
    """path: relative to the working directory."""

    path: str = ".counter/central.db"


class Mqtt(Section, frozen=True, kw_only=True):
    """The broker. version 3.1.1 only for brokers without MQTT 5 (no shared subscriptions then)."""

    host: str = "127.0.0.1"
    port: Port = 1883
    version: Literal["5", "3.1.1"] = "5"
    keepalive_s: Annotated[int, Meta(ge=5, le=120)] = 20
    username: str = ""
    password_file: str = ""


class Web(Section, frozen=True, kw_only=True):
    """The operator's pages and the API. port 0: any free one; the ready line tells which."""

    host: str = "127.0.0.1"
    port: Port = 8090


class Worker(Section, frozen=True, kw_only=True):
    """id: this process among the centre's workers; it is its MQTT client id too."""

    id: str = "centre-1"


class Settings(Section, frozen=True, kw_only=True):
    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    web: Web = Web()
    worker: Worker = Worker()
