"""What settings mean: sentences for everything that cannot work, each with its remedy.

It sees settings, planogram, catalogue and roster as values, and looks whether a named file is there.
"""

import zoneinfo
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud_bridge.feed import COUNTER_ID
from cloud_bridge.signed import trusted
from edge.domain.catalogue import Catalogue
from edge.domain.hours import opening_of
from edge.domain.planogram import Planogram
from edge.domain.roster import Roster
from edge.domain.values import Kind
from edge.settings import LockBoard, Settings

PROFILES = Path(__file__).parents[1] / "hardware" / "profiles"


@dataclass(frozen=True, slots=True)
class LockLimits:
    """What a driver's boards allow.

    heads: first bytes of their frames; a scale with such a unit number would look like them on one pair.
    """

    boards: range
    channels: range
    heads: tuple[int, ...]


WINNSEN_COOLS_S = 15.0
"""So long these boards refuse the next pulse of a lock."""

LOCK_LIMITS = {
    "lock.bcc8a": LockLimits(range(1, 33), range(1, 25), (0x80, 0x8A)),
    "lock.krcu": LockLimits(range(10), range(1, 17), (0x02,)),
    "lock.krcu48": LockLimits(range(256), range(1, 49), (0x02,)),
    "lock.modbus": LockLimits(range(1, 248), range(1, 33), ()),
    "lock.winnsen": LockLimits(range(1, 5), range(1, 17), (0x90,)),
    "lock.wkly": LockLimits(range(32), range(1, 33), (0x57,)),
    "cabinet.iw": LockLimits(range(1, 2), range(1, 49), (0x01,)),
}


@dataclass(frozen=True, slots=True)
class ScaleLimits:
    """What a driver's scales allow. number: what the wire calls a scale's number.

    leads: frames begin with the number. alone: each scale needs a line of its own.
    """

    number: str
    units: range
    leads: bool = True
    alone: bool = False


SCALE_LIMITS = {
    "scale.modbus32": ScaleLimits("Modbus unit", range(1, 248)),
    "scale.ascii": ScaleLimits("number", range(1, 2), leads=False, alone=True),
    "scale.x0502": ScaleLimits("address", range(1, 49)),
    "scale.lowa": ScaleLimits("multiplexer and channel", range(10_000), leads=False),
    "cabinet.iw": ScaleLimits("place", range(1, 21), leads=False),
}


def settings_problems(settings: Settings, here: Path) -> Iterator[str]:
    """What is wrong with the settings by themselves. here: the settings file's directory."""
    yield from _identity_problems(settings)
    yield from _wire_problems(settings, here)
    yield from _time_problems(settings)
    yield from _policy_problems(settings)
    yield from _key_problems(settings)
    voices = here / settings.screens.voice_dir
    if settings.screens.voice_dir and not voices.is_dir():
        yield f"screens.voice_dir: there is no directory {voices}; make it or correct it"
    secret = settings.mqtt.password_file
    if secret and not Path(secret).is_absolute():  # the bridge may run elsewhere
        yield f"mqtt.password_file {secret!r} must be a whole path, like /etc/counter/mqtt-password"
    elif secret and not Path(secret).is_file():
        yield f"mqtt.password_file: there is no file {secret}; make it (rights 0600) or correct it"


def _key_problems(settings: Settings) -> Iterator[str]:
    try:
        trusted(settings.commands.keys)
    except ValueError as error:
        yield f"commands.keys: {error}; copy it from: counter-central keys"


def _policy_problems(settings: Settings) -> Iterator[str]:
    for text in settings.policy.hours:
        try:
            opening_of(text)
        except ValueError as error:
            yield f"policy.hours: {error}"
    if settings.policy.alcohol and settings.policy.identity != "unit_staff":
        yield (
            'policy.alcohol needs policy.identity = "unit_staff": minors must not get it '
            "(未成年人保护法 art. 59)"
        )


def tray_problems(settings: Settings, planogram: Planogram) -> Iterator[str]:
    """Trays that have a scale and no plan, or a plan and no scale."""
    units, plans = settings.scales.units.keys(), planogram.trays.keys()
    number = SCALE_LIMITS[settings.scales.driver].number
    for tray in sorted(units - plans):
        yield f"scales.units.{tray}: the planogram has no tray {tray}; add it there or remove the unit here"
    for tray in sorted(plans - units):
        yield f"scales.units: tray {tray} of the planogram has no {number}; add {tray!r} = its number"


def load_problems(settings: Settings, planogram: Planogram, catalogue: Catalogue) -> Iterator[str]:
    """Trays that, full, weigh more than their scale may carry."""
    limit = settings.weighing.max_load_g
    for tray, facings in planogram.trays.items():
        weights = {f: p.unit_weight / 10 for f in facings if (p := catalogue.products.get(f.sku))}
        full = sum(facing.capacity * unit for facing, unit in weights.items())
        if full > limit:
            goods = " and ".join(f"{facing.capacity} × {facing.sku}" for facing in weights)
            yield (
                f"tray {tray}: {goods} weigh {full:g} g, more than "
                f"weighing.max_load_g = {limit:g}; lower its capacity"
            )


def roster_problems(roster: Roster, settings: Settings | None = None) -> Iterator[str]:
    buyers = [account for account in roster.accounts.values() if Kind.BUY in account.kinds]
    if not buyers:
        yield 'no account may open the door to buy; give one kinds = ["BUY"]'
    elif settings and settings.policy.identity == "unit_staff" and not any(each.staff for each in buyers):
        yield 'policy.identity is "unit_staff" and no buyer is staff; give those that are staff = true'


def roster_goods_problems(roster: Roster, catalogue: Catalogue) -> Iterator[str]:
    """Suppliers and origins of which the catalogue has nothing: a slip of the pen, not a bare shelf."""
    products = catalogue.products.values()
    suppliers = {each.supplier_id for each in products}
    origins = {name for each in products for name in (each.county_zh, each.county_code)}
    for account in roster.accounts.values():
        if account.suppliers and suppliers != {""} and suppliers.isdisjoint(account.suppliers):
            yield f"{account.login}: the catalogue has no goods of supplier {', '.join(account.suppliers)}"
    quotas = {quota.id: quota for each in roster.accounts.values() for quota in each.quotas}
    for id, quota in quotas.items():
        if quota.counties and origins.isdisjoint(quota.counties):
            named = ", ".join(sorted(quota.counties))
            yield f"quota {id}: the catalogue has no goods from {named}; write counties as it does"


def _identity_problems(settings: Settings) -> Iterator[str]:
    counter = settings.counter
    if not COUNTER_ID.fullmatch(counter.id):
        yield f"counter.id {counter.id!r} must be 1 to 24 letters, digits or hyphens, like AK-001"
    try:
        zoneinfo.ZoneInfo(counter.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield f"counter.timezone {counter.timezone!r} is not known to this machine; try Asia/Shanghai"
    for key in ("name", "place", "hotline"):
        if not getattr(counter, key).strip():
            yield f"counter.{key} is empty; buyers are shown it, fill it in"
    if counter.filing_valid_to and not counter.filing_no.strip():
        yield "counter.filing_valid_to has no counter.filing_no beside it; add the number"


def _wire_problems(settings: Settings, here: Path) -> Iterator[str]:
    lock, scales = settings.lock, settings.scales
    named = [("lock.port", lock.port), ("scales.port", scales.port)]
    for key, port in (*named, *((f"scales.ports.{tray}", port) for tray, port in scales.ports.items())):
        if port not in settings.ports:
            known = ", ".join(settings.ports) or "none"
            yield f"{key} {port!r} is not under [ports], which has {known}; add or correct it"
    for name, line in settings.ports.items():
        if not line.url:
            yield f"ports.{name}.url is empty; give a device path or socket://host:port"
        if line.baud <= 0:
            yield f"ports.{name}.baud must be more than 0, usually 9600 to 115200"
    yield from _lock_problems(lock)
    yield from _scale_problems(settings)
    profile = scales.profile  # as edge/hardware/profiles/loading.py will look for it
    if not (here / profile if profile.endswith(".toml") else PROFILES / f"{profile}.toml").is_file():
        known = ", ".join(sorted(each.stem for each in PROFILES.glob("*.toml")))
        yield f"scales.profile {profile!r} is neither a file nor a known profile ({known})"


def _scale_problems(settings: Settings) -> Iterator[str]:
    lock, scales = settings.lock, settings.scales
    limits = SCALE_LIMITS[scales.driver]
    if not scales.units:
        yield f"scales.units is empty; add tray = {limits.number} for each scale"
    for tray, unit in scales.units.items():
        if unit not in limits.units:
            yield (
                f"scales.units.{tray} {unit} does not fit: {scales.driver} has {limits.number} "
                f"{_said(limits.units)}; correct it"
            )
    lines = {tray: scales.port_of(tray) for tray in scales.units}
    for (_, unit), times in Counter((lines[tray], unit) for tray, unit in scales.units.items()).items():
        if times > 1 and not limits.alone:
            trays = ", ".join(tray for tray, other in scales.units.items() if other == unit)
            yield f"scales.units: trays {trays} all have {limits.number} {unit}; each scale needs its own"
    for line, times in Counter(lines.values()).items():
        if limits.alone and (times > 1 or line == lock.port):
            yield f"scales.ports: {scales.driver} needs a line for each scale; {line!r} has others on it"
    for tray in sorted(scales.ports.keys() - scales.units.keys()):
        yield f"scales.ports.{tray}: scales.units has no tray {tray}; add it there or remove the port here"
    if scales.driver == "cabinet.iw" and lock.driver == "lock.modbus" and lock.port in lines.values():
        yield f"lock.port {lock.port!r}: Modbus cannot share cabinet.iw's line; give the lock board its own"
    if limits.leads:
        units = {unit for tray, unit in scales.units.items() if lines[tray] == lock.port}
        yield from _pair_problems(lock, units)


def _pair_problems(lock: LockBoard, units: set[int]) -> Iterator[str]:
    """What keeps the scales of ``units`` off the lock board's line."""
    if lock.driver == "lock.modbus" and lock.board in units:
        yield f"scales.units: unit {lock.board} is the lock board's on the same line; give one another"
    for unit in sorted(set(LOCK_LIMITS[lock.driver].heads) & units):
        yield f"scales.units: unit {unit} begins like the lock board's frames; give that scale another"


def _lock_problems(lock: LockBoard) -> Iterator[str]:
    limits = LOCK_LIMITS[lock.driver]
    if lock.board not in limits.boards:
        yield f"lock.board {lock.board}: {lock.driver} boards are {_said(limits.boards)}; correct it"
    for key, channel in (("lock", lock.lock), ("reed", lock.reed)):
        if channel not in limits.channels:
            yield f"lock.{key} {channel}: {lock.driver} has channels {_said(limits.channels)}; correct it"
    if lock.driver == "lock.winnsen" and lock.rest_s < WINNSEN_COOLS_S:
        yield (
            f"lock.rest_s {lock.rest_s:g}: lock.winnsen boards refuse a second pulse for about "
            f"{WINNSEN_COOLS_S:g} s; set {WINNSEN_COOLS_S:g} or more"
        )
    if lock.driver == "lock.modbus":
        if lock.bolt not in limits.channels:
            yield f"lock.bolt {lock.bolt}: {lock.driver} has inputs {_said(limits.channels)}; correct it"
        if lock.reed == lock.bolt:
            yield f"lock.reed and lock.bolt are both input {lock.bolt}; each needs an input of its own"
    elif lock.reed == lock.lock:
        yield f"lock.reed and lock.lock are both channel {lock.lock}; the reed needs a channel of its own"


def _said(numbers: range) -> str:
    return f"{numbers.start} to {numbers.stop - 1}"


def _time_problems(settings: Settings) -> Iterator[str]:
    session, scales = settings.session, settings.scales
    if session.warn_s >= session.alarm_s:
        yield f"session.warn_s {session.warn_s:g} must be less than session.alarm_s {session.alarm_s:g}"
    if session.token_new_s > session.token_ttl_s:
        yield (
            f"session.token_new_s {session.token_new_s:g} is longer than session.token_ttl_s "
            f"{session.token_ttl_s:g}: the code on the screen would be dead before it changes"
        )
    if scales.idle_hz > scales.busy_hz:
        yield f"scales.idle_hz {scales.idle_hz:g} is more than scales.busy_hz {scales.busy_hz:g}; swap them"
