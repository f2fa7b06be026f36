"""Whose counter it is, as receipts and posters say it. Values only."""

from dataclasses import dataclass
from datetime import date

UNKNOWN = "未登记"
"""What is not known is said to be so, never left out and never made up."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """counter: its id. valid_to: the filing's last day. complaint: the consumers' line."""

    counter: str
    name: str
    place: str
    hotline: str
    operator: str = ""
    filing_no: str = ""
    valid_to: date | None = None
    licence_note: str = ""
    complaint: str = ""

    @property
    def filing(self) -> str:
        """The filing's number and until when it holds."""
        until = self.valid_to.isoformat() if self.valid_to else UNKNOWN
        return f"{self.filing_no or UNKNOWN} · 有效期至 {until}"
