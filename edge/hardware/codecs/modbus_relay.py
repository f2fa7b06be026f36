"""The addresses of relay and input boards on Modbus RTU; their frames are modbus_rtu's. Knows numbers only.

Coils, inputs and mode registers count from 0 on the wire.
Source: public pages of Waveshare's "Modbus RTU Relay" and "IO 8CH"; clones differ.
"""

COIL, INPUT = 0x0000, 0x0000
ALL_COILS = 0x00FF
FLASH_ON, FLASH_OFF = 0x0200, 0x0400
"""Written with n × FLASH_STEP_MS, the board itself ends the pulse: no crash of ours can burn a coil."""
FLASH_STEP_MS = 100
MODES = 0x1000
"""Holding registers, one for each channel: how an input acts on its relay."""
UNIT = 0x4000
ON, OFF = 0xFF00, 0x0000

NORMAL, LINKAGE, TOGGLE, EDGE = range(4)
MODE_NAMES = ("normal", "linkage", "toggle", "edge")
CHANNELS = range(1, 33)
