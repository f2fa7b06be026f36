"""What the registers of the modbus32 transmitters are called. Data for people; the bus does not use it.

Source: the vendor's register table (public transmitter documentation, aje/scale-docs).
"""

NAMES: dict[int, str] = {
    0: "unit",
    1: "line speed",
    2: "line format",
    3: "protocol",
    4: "reply delay",
    5: "configuration lock",
    6: "firmware version",
    7: "factory reset",
    8: "status",
    30: "measured value",
    32: "conversion rate",
    34: "filter type",
    35: "filter strength",
    36: "zero code value",
    38: "zero calibration",
    42: "span calibration",
    44: "raw converter value",
    46: "cell sensitivity",
    48: "cell range",
    62: "correction point code value",
    80: "gross weight",
    82: "net weight",
    84: "tare",
    86: "maximum range",
    88: "division",
    93: "manual zero range",
    94: "manual zero",
    95: "power-on zero range",
    96: "zero tracking range",
    97: "zero tracking time",
    98: "stability range",
    99: "stability time",
    100: "zero band",
    102: "creep tracking range",
    103: "creep tracking time",
    104: "weight unit",
}

STATUS_BITS: dict[str, int] = {
    "peak": 11,
    "valley": 10,
    "overload": 9,
    "smart_sensor": 8,
    "zero": 7,
    "overflow": 6,
    "unstable": 5,
    "power_on_zero_done": 4,
    "minus": 3,
}
DECIMALS = 0b111


def status_words(word: int) -> dict[str, object]:
    """A status word in words: each bit, ``stable`` (bit 5: 1 means unstable) and the display's decimals."""
    bits: dict[str, object] = {name: bool(word >> bit & 1) for name, bit in STATUS_BITS.items()}
    stable = not bits.pop("unstable")
    return {"status": f"{word:04X}", "stable": stable, "decimals": word & DECIMALS, **bits}
