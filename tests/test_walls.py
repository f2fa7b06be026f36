"""The walls between the rooms: who may import whom. Read from the source, so late imports count too."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("edge", "cloud_bridge", "hardware_sim")

# Room → what it may import of ours. A name allows itself and what is below it; the longest room that
# fits a module counts. A room that is not here may import whatever its package may.
MAY = {
    "edge.errors": [],
    "edge.curves": ["edge.curves"],
    "edge.domain": ["edge.domain"],
    "edge.weighing": ["edge.weighing", "edge.domain"],
    "edge.hardware": ["edge.hardware", "edge.domain", "edge.errors", "edge.settings"],
    "edge.hardware.codecs": ["edge.hardware.codecs"],
    "edge.ledger": [
        "edge.ledger",
        "edge.domain",
        "edge.errors",
        "cloud_bridge.feed",
        "cloud_bridge.commands",
        "cloud_bridge.signed",
    ],
    "edge.paper": ["edge.paper", "edge.domain.gtin", "edge.domain.values", "edge.errors"],
    "edge.screens": [
        "edge.screens",
        "edge.paper",
        "edge.curves",
        "edge.domain",
        "edge.errors",
        "edge.settings",
        "edge.ledger.reading",
        "edge.ledger.supplier_reading",
        "edge.ledger.trays",
    ],
    "edge.settings": ["edge.settings", "edge.outfit.settings_walk", "edge.errors"],
    "edge.outfit.settings_check": [
        "edge.settings",
        "edge.domain",
        "cloud_bridge.feed",
        "cloud_bridge.signed",
    ],
    "edge": [
        "edge",
        "cloud_bridge.enrolment",
        "cloud_bridge.feed",
        "cloud_bridge.commands",
        "cloud_bridge.signed",
        "cloud_bridge.documents",
    ],
    "hardware_sim": ["hardware_sim", "edge.hardware.codecs"],
    # A fleet has no cabinet: it is bridges over outboxes in memory. Who starts it names a broker.
    "hardware_sim.fleet": ["cloud_bridge"],
    "hardware_sim.cli": ["hardware_sim", "cloud_bridge.link"],
    "cloud_bridge.feed": ["cloud_bridge.feed"],
    "cloud_bridge.commands": [],
    "cloud_bridge.enrolment": ["edge.errors"],
    "cloud_bridge.signed": ["cloud_bridge.commands"],
    "cloud_bridge.documents": ["cloud_bridge.commands"],
    "cloud_bridge": [
        "cloud_bridge",
        "edge.clock",
        "edge.identity",
        "edge.notify",
        "edge.domain.values",
        "edge.ledger.outbox",
        "edge.ledger.delivery",
        "edge.settings",
        "edge.outfit.settings_load",
        "edge.outfit.settings_walk",
        "edge.cli_options",
        "edge.errors",
        "edge.logs",
    ],
    "cloud_bridge.central": [
        "cloud_bridge",
        "edge.notify",
        "edge.domain.pricing",
        "edge.domain.catalogue",
        "edge.domain.statement",
        "edge.domain.tables",
        "edge.domain.values",
        "edge.outfit.catalogue_csv",
        "edge.outfit.price_file",
        "edge.curves",
        "edge.screens.shared",  # files and words of the buyer's page, which the centre serves too
        "edge.settings",
        "edge.outfit.settings_load",
        "edge.outfit.settings_walk",
        "edge.cli_options",
        "edge.errors",
        "edge.logs",
    ],
}
# The engine and what it is made of know devices and ledger, and no page. Whoever composes does.
COMPOSERS = ("edge.app", "edge.demo")
NOT_FOR_THE_REST = ("edge.screens", "edge.curves", "edge.app", "edge.demo")

PURE = [
    "edge.domain",
    "edge.weighing",
    "edge.engine",
    "edge.hardware.codecs",
    "edge.hardware.drivers",
    "edge.hardware.bus",
    "hardware_sim.devices",
    "cloud_bridge.feed",
    "cloud_bridge.commands",
    "cloud_bridge.signed",
    "cloud_bridge.documents",
    "cloud_bridge.enrolment",
]
IMPURE = {"serial", "sqlite_utils", "sqlite3", "paho", "starlette", "uvicorn", "PIL"} | {
    "os", "time", "threading", "random", "secrets", "socket", "subprocess", "asyncio", "select", "logging",
}  # fmt: skip


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports(path: Path, module: str) -> set[str]:
    """Every module that ``path`` imports, wherever in it; ``from a import b`` counts as ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def allowed(name: str, rooms: Iterable[str]) -> bool:
    """A package's own ``__init__`` (``from edge import x``) counts as what it gives."""
    return any(within(name, room) for room in rooms)


def breaches(module: str, imported: set[str]) -> list[str]:
    room = max((each for each in MAY if within(module, each)), key=len)
    ours = {name for name in imported if name.split(".")[0] in OURS}
    wrong = {name for name in ours if not allowed(name, MAY[room])}
    if room == "edge" and module not in (*COMPOSERS, "edge.cli"):
        wrong |= {name for name in ours if allowed(name, NOT_FOR_THE_REST)}
    if any(within(module, pure) for pure in PURE):
        wrong |= {name for name in imported if name.split(".")[0] in IMPURE}
    if within(module, "edge.paper"):  # it draws, and has no clock, no chance and no network
        wrong |= {name for name in imported if name.split(".")[0] in IMPURE - {"PIL"}}
    return sorted(wrong)


def test_no_module_imports_through_a_wall():
    found = {module: breaches(module, imports(path, module)) for module, path in modules()}
    assert {module: wrong for module, wrong in found.items() if wrong} == {}


BAD = [
    ("edge.domain.values", "import time", "time"),
    ("edge.domain.values", "from edge.errors import CounterError", "edge.errors.CounterError"),
    ("edge.weighing.filling", "from edge.hardware import signals", "edge.hardware.signals"),
    ("edge.hardware.codecs.bcc8a", "from edge.domain.values import TrayId", "edge.domain.values.TrayId"),
    ("edge.hardware.bus", "from ..ledger import store", "edge.ledger.store"),
    ("edge.screens.app", "def f():\n    import edge.engine", "edge.engine"),
    ("edge.engine", "from edge import screens", "edge.screens"),
    ("edge.app", "from cloud_bridge.uplink import Uplink", "cloud_bridge.uplink.Uplink"),
    ("edge.app", "import hardware_sim", "hardware_sim"),
    ("hardware_sim.bus", "from edge.domain.values import TrayId", "edge.domain.values.TrayId"),
    ("hardware_sim.devices.scale", "import random", "random"),
    ("edge.curves.picture", "from edge.domain.values import TrayId", "edge.domain.values.TrayId"),
    ("edge.visit", "from edge.curves import picture", "edge.curves.picture"),
    ("edge.visit", "from edge.screens.stage import Stage", "edge.screens.stage.Stage"),
    ("edge.paper.tags", "from edge.settings import Settings", "edge.settings.Settings"),
    ("edge.paper.sheets", "import time", "time"),
    ("cloud_bridge.uplink", "from edge.engine import Engine", "edge.engine.Engine"),
    ("cloud_bridge.cli", "from edge.ledger.store import Store", "edge.ledger.store.Store"),
    ("cloud_bridge.central.store", "from edge.ledger import outbox", "edge.ledger.outbox"),
    ("cloud_bridge.central.app", "from edge.screens.stage import Stage", "edge.screens.stage.Stage"),
    ("cloud_bridge.central.store", "from edge.domain.session import State", "edge.domain.session.State"),
    ("cloud_bridge.bridge", "from edge.domain.pricing import price_of", "edge.domain.pricing.price_of"),
    ("cloud_bridge.feed", "from edge.domain.values import Fen", "edge.domain.values.Fen"),
]


@pytest.mark.parametrize(("module", "source", "wrong"), BAD)
def test_a_wrong_import_is_seen(tmp_path, module, source, wrong):
    path = tmp_path / "module.py"
    path.write_text(source)
    assert breaches(module, imports(path, module)) == [wrong]


def test_the_domain_needs_nothing_but_python_and_msgspec():
    allowed = {*sys.stdlib_module_names, "msgspec", "edge"}
    for module, path in modules():
        if within(module, "edge.domain"):
            assert {name.split(".")[0] for name in imports(path, module)} <= allowed, module


def test_config_is_data_and_no_package():
    assert not list((ROOT / "config").rglob("*.py"))


def test_production_code_never_asks_whether_it_is_simulated():
    asks = re.compile(r"\b(?:el)?if\b[^\n]*simulat", re.IGNORECASE)
    demo = {"edge.demo"}
    found = [
        f"{module}: {match.group()}"
        for module, path in modules()
        if module.split(".")[0] != "hardware_sim" and module not in demo
        for match in asks.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
