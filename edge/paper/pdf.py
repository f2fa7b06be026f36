"""Pictures as the pages of a PDF, bit by bit as they were drawn. It knows no labels.

Pillow's own PDFs hold grey and colour as JPEG, which blurs bars, and keep all pages in memory until the end.
Here a page is written when it comes, compressed without loss, and the same pages give the same bytes.
Source of the form: ISO 32000-1, 7.5 (file structure) and 8.9.5 (images).
"""

import zlib
from collections.abc import Iterable
from typing import BinaryIO

from PIL import Image

INCH = 72
"""A PDF's units in an inch."""
KINDS = {"1": (1, "DeviceGray"), "L": (8, "DeviceGray"), "RGB": (8, "DeviceRGB")}
"""Pillow's mode → bits of a colour and their meaning."""


class _Writer:
    """Numbered objects and where they begin. 1 is the catalogue, 2 the list of pages."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self.begins: dict[int, int] = {}
        self.raw(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def raw(self, piece: bytes) -> None:
        self._out.write(piece)
        self._at += len(piece)

    def put(self, number: int, text: str, stream: bytes | None = None) -> None:
        self.begins[number] = self._at
        body = b"" if stream is None else b"\nstream\n" + stream + b"\nendstream"
        self.raw(f"{number} 0 obj\n{text}".encode() + body + b"\nendobj\n")

    def end(self) -> None:
        """The table of where each object begins, and the way to it."""
        start, count = self._at, len(self.begins) + 1
        rows = "".join(f"{self.begins[number]:010} 00000 n \n" for number in range(1, count))
        self.raw(f"xref\n0 {count}\n0000000000 65535 f \n{rows}".encode())
        self.raw(f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())


def write(pages: Iterable[Image.Image], out: BinaryIO, dpi: int) -> int:
    """Write ``pages`` (modes 1, L, RGB) to ``out``, each as large as it is at ``dpi``; gives their number."""
    writer, kids = _Writer(out), []
    for number, page in enumerate(pages):
        first = 3 + 3 * number
        _page(writer, first, page, dpi)
        kids.append(f"{first} 0 R")
    writer.put(2, f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>")
    writer.put(1, "<< /Type /Catalog /Pages 2 0 R >>")
    writer.end()
    return len(kids)


def _page(writer: _Writer, first: int, page: Image.Image, dpi: int) -> None:
    wide, high = (f"{side * INCH / dpi:.2f}" for side in page.size)
    bits, colours = KINDS[page.mode]
    dots, drawn = zlib.compress(page.tobytes()), f"{wide} 0 0 {high} 0 0 cm /P Do".encode()
    writer.put(
        first,
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide} {high}] /Contents {first + 1} 0 R "
        f"/Resources << /XObject << /P {first + 2} 0 R >> >> >>",
    )
    writer.put(first + 1, f"<< /Length {len(drawn)} >>", drawn)
    writer.put(
        first + 2,
        f"<< /Type /XObject /Subtype /Image /Width {page.width} /Height {page.height} /ColorSpace /{colours} "
        f"/BitsPerComponent {bits} /Filter /FlateDecode /Length {len(dots)} >>",
        dots,
    )
