"""Takes out of free text what tells of a person: telephones, identity numbers, mail addresses. Pure.

It knows how such things are written in China, not who anybody is. Rather one number too many goes than one
too few; a name in words cannot be told from other words and stays.
"""

import re

HIDDEN = "●●●"
"""Stands where something was."""

_GAP = r"[\s\-–—－·.]?"
"""What people put between groups of digits."""

_PATTERNS = (
    # Mail: the part before the @ up to a dot and two letters after it, full-width signs as well.
    r"[\w.+\-]+\s?[@＠]\s?[\w\-]+(?:\s?[.．。]\s?[\w\-]+)+",
    # Identity number of a resident, GB 11643: 17 digits and a digit or X; before 1999 15 digits.
    rf"(?<!\d)[1-9]\d{{5}}{_GAP}(?:\d{_GAP}){{8}}(?:\d{_GAP}){{3}}[\dXxＸｘ](?!\d)",
    rf"(?<!\d)[1-9]\d{{5}}{_GAP}\d{{6}}{_GAP}\d{{3}}(?!\d)",
    # Mobile: 11 digits that begin with 1 and one of 3 to 9 (YD/T 1200 numbering), with or without +86.
    rf"(?<!\d)(?:[+＋]?{_GAP}(?:[0０]{{2}})?{_GAP}[8８][6６]{_GAP})?[1１]{_GAP}[3-9３-９](?:{_GAP}\d){{9}}(?!\d)",
    # Fixed line: area code 0xx or 0xxx and 7 or 8 digits; service lines 400 and 800 with 7.
    rf"(?<!\d)[(（]?[0０]\d{{2,3}}[)）]?{_GAP}\d{{3,4}}{_GAP}\d{{4}}(?!\d)",
    rf"(?<!\d)[48４８][0０]{{2}}{_GAP}\d{{3,4}}{_GAP}\d{{3,4}}(?!\d)",
)
_PERSONAL = re.compile("|".join(f"(?:{each})" for each in _PATTERNS))


def redacted(text: str) -> str:
    """``text`` with every telephone, identity number and mail address as ``●●●``.

    ``\\d`` is any Unicode digit, so that full-width ones do not slip through.
    """
    return _PERSONAL.sub(HIDDEN, text)
