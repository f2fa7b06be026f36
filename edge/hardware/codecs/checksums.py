"""Checksums of the wire. Knows arithmetic only, no frame."""

from functools import reduce
from operator import xor


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_CRC = tuple(_entry(byte) for byte in range(256))


def xor8(data: bytes) -> int:
    """XOR of all bytes of ``data``; 0 for none."""
    return reduce(xor, data, 0)


def sum8(data: bytes) -> int:
    """Low byte of the sum of all bytes of ``data``."""
    return sum(data) & 0xFF


def crc16_modbus(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0xA001 reflected, start 0xFFFF. Sent low byte first.

    Source: Modbus over Serial Line V1.02, appendix B; check value of b"123456789" is 0x4B37.
    A frame with its own CRC behind it gives 0.
    """
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc
