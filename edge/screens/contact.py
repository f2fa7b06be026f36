"""Who answers for the counter, as buyers are shown it: operator, filing, licences, hotline, complaints."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edge.screens.bodies import answer
from edge.settings import Counter

Today = Callable[[], date]
"""The local business day."""


class ContactBody(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/contact``. "" and null: not registered. filing_lapsed: by the local day."""

    operator: str
    hotline: str
    filing_no: str
    filing_valid_to: str | None
    filing_lapsed: bool
    licence_note: str
    complaint_line: str


def contact_of(counter: Counter, today: date) -> ContactBody:
    until = counter.filing_valid_to
    return ContactBody(
        operator=counter.operator,
        hotline=counter.hotline,
        filing_no=counter.filing_no,
        filing_valid_to=until.isoformat() if until else None,
        filing_lapsed=until is not None and until < today,
        licence_note=counter.licence_note,
        complaint_line=counter.complaint_line,
    )


@dataclass(frozen=True, slots=True)
class Contact:
    counter: Counter
    today: Today

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/v1/contact", self.contact)]

    async def contact(self, _request: Request) -> Response:
        return answer(contact_of(self.counter, self.today()))
