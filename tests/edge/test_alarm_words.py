"""Every alarm that a counter raises has words in both languages: at the centre, on the supplier's page."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_bridge.central.words import WORDS
from edge import conductor, gatekeeper
from edge.screens.strings import texts
from edge.upkeep import calibration, night
from edge.weighing import audit

EDGE = Path(__file__).parents[2] / "edge"

COMPUTED = {
    "calibration.py: alarm.kind": set(calibration.SEVERITY),
    "conductor.py: kind": {kind for kind, *_ in conductor._ALARMS.values()},
    "gatekeeper.py: kind": {gatekeeper.EXPIRED, gatekeeper.BLOCKED},
    "night.py: line.cause": {str(cause) for cause in audit.SEVERITY.keys() - night.TOLD_BY_OTHERS},
}
"""Kinds that are no literal where they are raised. A new place of that sort has to be listed here."""


@functools.cache
def raised() -> tuple[tuple[str, set[str]], ...]:
    """Where an alarm is raised → the kinds it may be of."""
    constants = {}
    calls = []
    for path in sorted(EDGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign):
                constants |= dict(_named(path, node))
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "raise_":
                calls.append((path, node.args[0]))
    known = {name: value for (_, name), value in constants.items()}
    return tuple(
        (f"{path.name}: {ast.unparse(kind)}", _kinds(path, kind, constants, known)) for path, kind in calls
    )


def _kinds(path, kind, constants, known) -> set[str]:
    if isinstance(kind, ast.Constant):
        return {kind.value}
    if isinstance(kind, ast.Name) and kind.id.isupper():
        return {constants.get((path, kind.id), known[kind.id])}
    return COMPUTED[f"{path.name}: {ast.unparse(kind)}"]


def _named(path: Path, node: ast.Assign) -> Iterator[tuple[tuple[Path, str], str]]:
    """Module constants that are texts: ``A = "x"`` and ``A, B = "x", "y"``."""
    for target in node.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for name, value in zip(names, values, strict=False):
            if (
                isinstance(name, ast.Name)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
            ):
                yield (path, name.id), value.value


KINDS = sorted({kind for _, kinds in raised() for kind in kinds})


def test_the_alarms_of_the_counter_are_found():
    assert {
        "FORCED_ENTRY",
        "RESTOCK_UNSIGNED",
        "ABANDONED",
        "LIGHT_LOT",
        "EXPIRED_GOODS",
        "DOOR_OPEN",
    } <= set(KINDS)
    assert {place for place, _ in raised()} >= set(COMPUTED)


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_a_word_in_both_languages_on_the_operators_page(kind):
    zh, en = WORDS[kind]
    assert any("一" <= letter <= "鿿" for letter in zh)
    assert en.isascii()


OF_THE_DOOR = {
    *(
        "ABANDONED",
        "BOLT_STUCK",
        "CATALOGUE_REFUSED",
        "COMMAND_REFUSED",
        "DOOR_OPEN",
        "FAULT_REPORT",
        "FILING_LAPSED",
    ),
    *("FORCED_ENTRY", "LINE_GONE", "NOT_LATCHED", "NOT_LOCKED", "RESTOCK_UNSIGNED"),
    "EXPIRED_GOODS",  # told as TAKE_OFF
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OF_THE_DOOR])
def test_one_of_a_tray_or_a_product_has_words_on_the_suppliers_page(kind):
    assert all(f"own_task_{kind}" in said for said in texts().values())
