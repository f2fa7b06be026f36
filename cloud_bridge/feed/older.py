"""Facts as earlier versions of this program told them, put into today's form: JSON in, JSON out.

An event's bytes never change, so whoever reads a feed from its beginning meets the old forms.
"""

from collections.abc import Callable, Mapping

import msgspec


class _Tray(msgspec.Struct, frozen=True):
    sku: str
    count: int

    @property
    def goods(self) -> list[dict[str, str | int]]:
        return [{"sku": self.sku, "count": self.count}] if self.count else []


class _Session(msgspec.Struct, frozen=True):
    trays: tuple[_Tray, ...]


_sessions = msgspec.json.Decoder(_Session)


def one_product_a_tray(data: msgspec.Raw) -> bytes:
    """``session.closed.v1`` from when a tray held one product: its ``sku`` and ``count`` become ``goods``.

    Raises msgspec.DecodeError where it is not of that form.
    """
    old = _sessions.decode(data)
    fact = msgspec.json.decode(data)
    fact["trays"] = [{**tray, "goods": of.goods} for tray, of in zip(fact["trays"], old.trays, strict=True)]
    return msgspec.json.encode(fact)


FORMS: Mapping[str, Callable[[msgspec.Raw], bytes]] = {"session.closed.v1": one_product_a_tray}
"""By the event's type: what makes today's ``data`` of an older one."""
