"""Gathers the parts of documents until one of them is whole. Pure: who keeps the parts is the ledger."""

from dataclasses import dataclass, field

import msgspec

from cloud_bridge.commands import Document
from edge.turn import TryDocument


@dataclass(slots=True)
class _Heap:
    """The parts of one document, by number. expires: seconds since 1970, of the part that ends last."""

    kind: str
    head: Document
    expires: int
    parts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Number → (command, data)."""
    spare: list[str] = field(default_factory=list)
    """Commands that brought a part which was there already."""


class Gathering:
    """Documents are told apart by kind, proof and base; of one kind, the first to be whole wins."""

    def __init__(self) -> None:
        self._heaps: dict[tuple[str, Document], _Heap] = {}

    def add(
        self, id: str, kind: str, expires: int, part: Document
    ) -> tuple[TryDocument | None, tuple[str, ...]]:
        """The document, once ``part`` makes it whole, and the commands of others that it outdates."""
        key = (kind, msgspec.structs.replace(part, part=1, data=""))
        heap = self._heaps.setdefault(key, _Heap(kind, part, expires))
        heap.expires = max(heap.expires, expires)
        if part.part in heap.parts:
            heap.spare.append(id)
        else:
            heap.parts[part.part] = (id, part.data)
        if len(heap.parts) < part.of:
            return None, ()
        del self._heaps[key]
        parts = [heap.parts[number] for number in range(1, part.of + 1)]
        whole = TryDocument(
            commands=(*(command for command, _ in parts), *heap.spare),
            kind=kind,
            version=part.version,
            sha256=part.sha256,
            base=part.base,
            parts=tuple(data for _, data in parts),
        )
        outdated = [other for other, each in self._heaps.items() if each.kind == kind]
        return whole, tuple(id for other in outdated for id in _commands(self._heaps.pop(other)))

    def late(self, moment: int) -> list[tuple[str, str]]:
        """(command, kind) of parts whose document can be whole in time no more; they are dropped."""
        over = [key for key, heap in self._heaps.items() if heap.expires <= moment]
        heaps = [self._heaps.pop(key) for key in over]
        return [(id, heap.kind) for heap in heaps for id in _commands(heap)]


def _commands(heap: _Heap) -> list[str]:
    return [*(command for command, _ in heap.parts.values()), *heap.spare]
