"""Who opened which session, as far as the web thread can tell browsers apart. No PINs, no accounts."""

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass

COOKIE = "opener"
KEPT = 1000
"""Sessions whose cookie is remembered. An older one is known by its id alone, as after a restart."""


@dataclass(slots=True)
class _Proof:
    secret: str
    shown: bool = False


class Openers:
    """A session's id is 128 random bits told to its opener alone; the cookie ties it to one browser.

    Until a request has shown the cookie, the id alone is enough (a client may not keep cookies). From
    then on the id without the cookie is worth nothing, so that a leaked link does not open a receipt.
    """

    def __init__(self) -> None:
        self._proofs: OrderedDict[str, _Proof] = OrderedDict()

    def secret_of(self, session: str) -> str:
        """The cookie's value for ``session``; the same one when the opener asks again."""
        proof = self._proofs.setdefault(session, _Proof(secrets.token_urlsafe(24)))
        while len(self._proofs) > KEPT:
            self._proofs.popitem(last=False)
        return proof.secret

    def may_see(self, session: str, cookie: str | None) -> bool:
        """Whether a request with this cookie, or none, comes from the opener of ``session``."""
        proof = self._proofs.get(session)
        if proof is None:
            return True
        if cookie is not None and hmac.compare_digest(cookie.encode(), proof.secret.encode()):
            proof.shown = True
            return True
        return not proof.shown
