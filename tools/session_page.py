"""Writes docs/session.md from the session table. A test compares the committed page with the table."""

from pathlib import Path

from edge.domain.session import diagram

PAGE = Path(__file__).parents[1] / "docs" / "session.md"


def page() -> str:
    """The whole text of docs/session.md."""
    return f"""# 开门会话 The door session

Drawn from the table in `edge/domain/session.py` by `python tools/session_page.py`; do not edit by hand.

```mermaid
{diagram().strip()}
```
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
