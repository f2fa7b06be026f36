"""The centre's settings: the Structs of its TOML file. Who reads it is ``edge.outfit.settings_load``."""

from typing import Annotated

from msgspec import Meta

from edge.settings import MqttBroker, Port, Section


class Database(Section, frozen=True, kw_only=True):
    """path: relative to the working directory."""

    path: str = ".counter/central.db"


class Web(Section, frozen=True, kw_only=True):
    """The operator's pages and the API. port 0: any free one; the ready line tells which."""

    host: str = "127.0.0.1"
    port: Port = 8090


class Worker(Section, frozen=True, kw_only=True):
    """id: this process among the centre's workers; it is its MQTT client id too."""

    id: str = "centre-1"


class Mqtt(MqttBroker, frozen=True, kw_only=True):
    """The centre's side of the feed. Workers are few: they dial a lost broker soon."""

    redial_max_s: Annotated[int, Meta(ge=1, le=600)] = 5


class Settings(Section, frozen=True, kw_only=True):
    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    web: Web = Web()
    worker: Worker = Worker()
