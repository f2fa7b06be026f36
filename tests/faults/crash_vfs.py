"""SQLite on a disk that loses power: what was synced stays, of the rest a random half of the sectors.

Files lie in memory. Of the sectors kept one in ten is torn: its second half is what was there before.
"""

from random import Random

import apsw

SECTOR = 512
TORN = 0.1


class Cut(Exception):
    """The power is gone."""


class RamFile:
    """One file: what programs see, and what the disk surely has."""

    def __init__(self, disk: "Disk") -> None:
        self.disk = disk
        self.seen, self.safe = bytearray(), b""
        self.touched: set[int] = set()

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        if not self.disk.works():
            return
        self.seen.extend(bytes(max(0, offset + len(data) - len(self.seen))))
        self.seen[offset : offset + len(data)] = data
        self.touched.update(range(offset // SECTOR, (offset + len(data) - 1) // SECTOR + 1))

    def xTruncate(self, size: int) -> None:
        if self.disk.works():
            del self.seen[size:]

    def xSync(self, _flags: int) -> None:
        if self.disk.works():
            self.safe, self.touched = bytes(self.seen), set()

    def xFileSize(self) -> int:
        return len(self.seen)

    def xLock(self, _level: int) -> None:
        pass

    def xUnlock(self, _level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, _op: int, _pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xClose(self) -> None:
        pass

    def after(self, random: Random) -> bytearray:
        """What a power cut leaves."""
        left = bytearray(self.safe)
        for sector in sorted(self.touched):
            if random.random() < 0.5:
                start, end = sector * SECTOR, min((sector + 1) * SECTOR, len(self.seen))
                end = start + SECTOR // 2 if random.random() < TORN else end
                left.extend(bytes(max(0, end - len(left))))
                left[start:end] = self.seen[start:end]
        return left


class Disk(apsw.VFS):
    """A disk with a name of its own, as the VFS of SQLite connections."""

    def __init__(self, name: str) -> None:
        self.name, self.left, self.files = name, -1, dict[str, RamFile]()
        super().__init__(name, "")

    def works(self) -> bool:
        """Each write, truncation and sync counts; at the chosen one the power goes (−1: never), for good."""
        if self.left == 0:
            return False  # what SQLite still does to close is done on nothing
        if self.left > 0:
            self.left -= 1
        if self.left == 0:
            raise Cut
        return True

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, name: str, _flags: int) -> bool:
        return name in self.files

    def xDelete(self, name: str, _sync: bool) -> None:
        if self.works():
            self.files.pop(name, None)

    def xOpen(self, name: "apsw.URIFilename | str | None", _flags: list[int]) -> RamFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return self.files.setdefault(path, RamFile(self))

    def after_a_cut(self, name: str, random: Random) -> "Disk":
        """Another disk, with what is left of this one."""
        left = Disk(name)
        for path, file in self.files.items():
            left.files[path] = copy = RamFile(left)
            copy.seen = file.after(random)
            copy.safe = bytes(copy.seen)
        return left
