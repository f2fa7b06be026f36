"""Tables as CSV text that a spreadsheet opens without running anything. Pure."""

import csv
import io
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins so is a formula to a spreadsheet; full-width signs, too, where Chinese is set."""


def csv_text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """RFC 4180, lines ended by CRLF; None: an empty cell. Numbers stay numbers.

    A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection).
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
