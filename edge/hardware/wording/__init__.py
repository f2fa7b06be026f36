"""Frames in words and back, for people with a logic analyser. Sends nothing."""

from collections.abc import Mapping

from edge.hardware.profiles.loading import load
from edge.hardware.wording.bcc8a_words import BCC8A
from edge.hardware.wording.iw_words import IW_HOST, IW_TRAY
from edge.hardware.wording.krcu_words import KRCU16, KRCU48
from edge.hardware.wording.modbus_words import MODBUS_SCALE_32
from edge.hardware.wording.profile_words import map_file, profile_protocol
from edge.hardware.wording.relay_words import MODBUS_RELAY
from edge.hardware.wording.scale_words import ASCII_STGS, LOWA, MT_SICS, X0502
from edge.hardware.wording.winnsen_words import WINNSEN
from edge.hardware.wording.wkly_words import WKLY
from edge.hardware.wording.words import Protocol, Unreadable, Words, bytes_of, keys_of

PROTOCOLS: Mapping[str, Protocol] = {
    "bcc8a": BCC8A,
    "krcu16": KRCU16,
    "krcu48": KRCU48,
    "modbus_relay": MODBUS_RELAY,
    "modbus_scale_32": MODBUS_SCALE_32,
    "modbus_scale_laumas": profile_protocol(load("laumas")),
    "mettler_float": profile_protocol(load("mettler_float")),
    "x0502": X0502,
    "lowa": LOWA,
    "ascii_stgs": ASCII_STGS,
    "mt_sics": MT_SICS,
    "xunming": profile_protocol(load("xunming")),
    "winnsen": WINNSEN,
    "wkly": WKLY,
    "iw_host": IW_HOST,
    "iw_tray": IW_TRAY,
}

__all__ = ["PROTOCOLS", "Protocol", "Unreadable", "Words", "bytes_of", "keys_of", "map_file"]
