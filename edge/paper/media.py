"""What is printed on: cells of an A4 sheet and rolls of thermal paper. It knows sizes and nothing else."""

from dataclasses import dataclass, replace

MM = 25.4


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of label. All lengths in px of its printer.

    height: of the label, None: the paper is a roll and as long as it must be. module: px of a bar code's
    module. code: room for a QR code. beside: the QR code stands beside the bar code, else above it.
    pad … bars: margin, text sizes, height of the bars. least: no writing is smaller.
    """

    name: str
    dpi: int
    width: int
    height: int | None
    module: int
    code: int
    beside: bool
    pad: int
    name_size: int
    text_size: int
    price_size: int
    bars: int
    least: int

    def smaller(self, share: float) -> "Medium":
        """The same with smaller writing and lower bars; codes keep their modules."""
        return replace(
            self,
            name_size=round(self.name_size * share),
            text_size=round(self.text_size * share),
            price_size=round(self.price_size * share),
            bars=round(self.bars * share),
        )


A4 = Medium("a4", 300, 780, 402, 4, 210, True, 20, 50, 29, 84, 84, 19)
"""66 × 34 mm, 24 on a sheet. Modules of 0.339 mm, 103 % of the nominal size (GS1 allows 80 to 200 %)."""
THERMAL_384 = Medium("thermal384", 203, 384, None, 3, 140, False, 10, 34, 22, 60, 76, 16)
"""58 mm rolls, 48 mm printed. Modules of 0.375 mm (114 %); two pixels would be below the 80 %."""
THERMAL_576 = Medium("thermal576", 203, 576, None, 3, 164, True, 12, 40, 24, 72, 76, 16)
"""80 mm rolls, 72 mm printed."""
MEDIA = {each.name: each for each in (A4, THERMAL_384, THERMAL_576)}
