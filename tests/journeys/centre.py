"""The centre, as a counter on the virtual rig hears it: it signs, keeps the inbox, reads the answers."""

import hashlib
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_bridge import signed
from cloud_bridge.commands import BODIES, Command
from edge.orders.desk import Trust
from edge.turn import Order

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256("示例".encode()).digest())
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = signed.trusted([signed.public_text(KEY.public_key())])
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Centre:
    """Of one rig. The inbox outlives the counter's program, as bridge.db does."""

    def __init__(self, rig: Any) -> None:
        self.rig = rig
        self.random = Random("centre")
        self.inbox: list[Order] = []
        rig.trust = Trust(rig.outfit.settings.counter.id, KEYS)
        rig.on_start = self.resend
        rig.kill()
        rig.start()
        rig.ready()

    def command(self, kind: str, *, key: Ed25519PrivateKey = KEY, **words: Any) -> Order:
        """A signed command. words: of its body, and the fields of the command that are to differ."""
        now = int(self.rig.instant.wall.timestamp())
        of_command = {name: words.pop(name) for name in Command.__struct_fields__ if name in words}
        body = words if kind not in BODIES else msgspec.to_builtins(BODIES[kind](**words))
        fields = {
            "id": "".join(self.random.choices(_LETTERS, k=26)),
            "aud": self.rig.outfit.settings.counter.id,
            "nonce": self.random.randbytes(16).hex(),
            "issued": now,
            "expires": now + 60,
            "kind": kind,
            "body": msgspec.Raw(msgspec.json.encode(body)),
        }
        made = Command(**(fields | of_command))
        return Order(made.id, signed.sign(made, key))

    def put(self, order: Order) -> str:
        """The bridge has it; gives its id."""
        self.inbox.append(order)
        if self.rig.starts_at is None:
            self.rig.inbox.append(order)
            self.rig.engine_due = self.rig.now
        return order.id

    def send(self, kind: str, **words: Any) -> str:
        return self.put(self.command(kind, **words))

    def order(self, kind: str, **words: Any) -> dict[str, Any]:
        """Send and wait for the answer."""
        return self.answer(self.send(kind, **words))

    def answer(self, id: str, limit_s: float = 20.0) -> dict[str, Any]:
        assert self.rig.run_until(lambda: bool(self.answers(id)), limit_s), id
        (answer,) = self.answers(id)
        return answer

    def answers(self, id: str) -> list[dict[str, Any]]:
        return [dict(each) for each in self.rig.events("command.answered.v1") if each["command"] == id]

    def said(self, id: str) -> tuple[str, str]:
        answer = self.answer(id)
        return answer["outcome"], answer["code"]

    def unlock(self, buyer: str = "demo-001", **words: Any) -> str:
        """Ask for the door with the code that the screen shows; gives the command's id."""
        account = self.rig.outfit.roster.accounts.get(buyer)
        words = {"token": self.rig.view.token} | words
        return self.send("unlock", buyer=account.ref if account else buyer, **words)

    def resend(self) -> None:
        """The program has started: it reads the inbox from the beginning."""
        self.rig.inbox.extend(self.inbox)
