"""Reports as text for a terminal. It knows columns, not what is in them."""

from collections.abc import Iterable, Mapping, Sequence

from edge.bench.figures import Cell, Report


def text_of(report: Report) -> str:
    """The report's table, goals and limits, readable without a screen wider than 110 columns."""
    parts = [f"{report.name}: {report.what}", *table(report.rows)]
    if report.targets:
        goals = ({"goal": goal.what, "target": goal.target, "found": goal.found} for goal in report.targets)
        parts += ["", *table(tuple(goals))]
    parts += ["", *(f"not included: {each}" for each in report.not_included)]
    return "\n".join(parts)


def table(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    """Lines with aligned columns; numbers to the right."""
    names = list(rows[0]) if rows else []
    cells = [names, *([_shown(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    right = [all(not isinstance(row[name], str) for row in rows) for name in names]
    return [_line(line, widths, right) for line in cells]


def _line(cells: Iterable[str], widths: Iterable[int], right: Iterable[bool]) -> str:
    placed = zip(cells, widths, right, strict=True)
    return "  ".join(cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in placed)


def _shown(cell: Cell) -> str:
    return "–" if cell is None else f"{cell:,}" if isinstance(cell, int | float) else cell
