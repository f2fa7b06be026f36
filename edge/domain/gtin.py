"""Article numbers (GTIN): their check digit and when two are the same. It knows no products."""

LENGTHS = (8, 12, 13, 14)


def check_digit(payload: str) -> int:
    """The digit that follows ``payload``: weights 3 and 1 in turn from the right, up to the next ten.

    Source: GS1 General Specifications, 7.9; it is the same for all four lengths.
    """
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(payload)))
    return -total % 10


def gtin(value: str) -> str:
    """``value`` as it stands, leading zeros included. Raises ValueError: no GTIN-8, -12, -13, -14."""
    if not (len(value) in LENGTHS and value.isascii() and value.isdigit()):
        raise ValueError("must have 8, 12, 13 or 14 digits")
    if check_digit(value[:-1]) != int(value[-1]):
        raise ValueError(f"has a wrong check digit; it should end in {check_digit(value[:-1])}")
    return value


def normal(value: str) -> str:
    """``value`` as fourteen digits: two codes name the same article when these agree."""
    return value.zfill(14)
