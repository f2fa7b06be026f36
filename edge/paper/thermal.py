"""Panels for thermal printers: black and white rows of dots, and the bytes that print them.

Source of the bytes: the ESC/POS command reference that printers of this kind follow: ESC @ (1B 40) sets
the printer back, GS v 0 (1D 76 30 m xL xH yL yH data) prints a raster, GS V 66 n (1D 56 42 n) feeds and
cuts where there is a knife.
"""

from collections.abc import Iterable
from struct import pack

from PIL import Image, ImageChops

from edge.paper.panel import Panel, painted
from edge.paper.sheets import black_and_white

RESET, CUT = b"\x1b@", b"\x1dVB\x00"
BAND = 128
"""Rows in one raster: small printers have a small buffer."""
DPI = 203


def strip(panel: Panel, pad: int) -> Image.Image:
    """The panel as black and white dots, ``pad`` white rows below it."""
    return black_and_white(painted(panel, panel.bottom + pad))


def raster(picture: Image.Image) -> bytes:
    """GS v 0 for a black and white picture whose width is a multiple of 8; black is a dot that is heated."""
    if picture.mode != "1" or picture.width % 8:
        raise ValueError(
            f"a raster is black and white and a multiple of 8 wide, not {picture.mode} {picture.size}"
        )
    row = picture.width // 8
    dots = ImageChops.invert(picture.convert("L")).convert("1").tobytes()
    out = bytearray()
    for top in range(0, picture.height, BAND):
        rows = min(BAND, picture.height - top)
        out += b"\x1dv0\x00" + pack("<HH", row, rows) + dots[top * row : (top + rows) * row]
    return bytes(out)


def job(pictures: Iterable[Image.Image]) -> bytes:
    """Everything a printer needs to print ``pictures``, each cut off."""
    return RESET + b"".join(raster(each) + CUT for each in pictures)
