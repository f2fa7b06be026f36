from random import Random

import pytest

from hardware_sim.bus import BOOT_S, Bus
from hardware_sim.errors import LineGone

BAUD = 9600
CHAR_S = 10 / BAUD


class Parrot:
    """Answers ``says`` to whatever it hears, ``delay`` later; keeps what it heard and when."""

    def __init__(self, says: bytes, delay: float) -> None:
        self.name = "parrot"
        self.says = says
        self.delay = delay
        self.heard: list[tuple[float, bytes]] = []
        self.booted: list[float] = []

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        self.heard.append((now, data))
        return [(now + self.delay, self.says)]

    def boot(self, now: float) -> None:
        self.booted.append(now)


class Tap:
    def __init__(self, echo: bool = False) -> None:
        self.gone = False
        self.echo = echo

    def to_devices(self, data, random):
        return data

    def to_master(self, device, replies, random):
        return replies


def bus(*devices: Parrot, echo: bool = False) -> Bus:
    return Bus(devices, BAUD, Random(3), Tap(echo))


def test_each_character_takes_its_time_on_the_wire():
    parrot = Parrot(b"abc", 0.010)
    line = bus(parrot)
    line.send(b"12345", 1.0)
    assert line.receive(1.0 + 5 * CHAR_S - 1e-6) == b""
    begins = 1.0 + 5 * CHAR_S + 0.010
    got = [line.receive(begins + count * CHAR_S + 1e-6) for count in range(5)]
    assert got == [b"", b"a", b"b", b"c", b""]
    assert parrot.heard == [(pytest.approx(1.0 + 5 * CHAR_S), b"12345")]


def test_next_due_leads_to_the_whole_reply_and_then_to_nothing():
    line = bus(Parrot(b"abc", 0.010))
    line.send(b"12345", 0.0)
    got, looks, now = b"", 0, 0.0
    while (due := line.next_due()) is not None:
        assert due >= now
        now, looks = due, looks + 1
        got += line.receive(now)
    assert got == b"abc"
    assert now == pytest.approx(8 * CHAR_S + 0.010)
    assert looks <= 4


def test_what_is_sent_while_sending_follows_behind():
    parrot = Parrot(b"", 0.0)
    line = bus(parrot)
    line.send(b"12", 0.0)
    line.send(b"34", 0.0)
    line.receive(1.0)
    assert parrot.heard == [(pytest.approx(2 * CHAR_S), b"12"), (pytest.approx(4 * CHAR_S), b"34")]


def test_two_boards_that_speak_at_once_garble_each_other():
    line = bus(Parrot(b"A" * 8, 0.010), Parrot(b"B" * 8, 0.010))
    line.send(b"?", 0.0)
    got = line.receive(1.0)
    assert len(got) == 16
    assert not set(got) & set(b"AB")


def test_only_the_overlapping_characters_are_garbled():
    line = bus(Parrot(b"A" * 8, 0.010), Parrot(b"B" * 8, 0.010 + 6 * CHAR_S))
    line.send(b"?", 0.0)
    got = line.receive(1.0)
    assert got[:6] == b"A" * 6
    assert got[-6:] == b"B" * 6


def test_a_master_that_speaks_into_an_answer_is_deaf_and_garbled():
    parrot = Parrot(b"A" * 10, 0.010)
    line = bus(parrot)
    line.send(b"?", 0.0)
    line.send(b"!" * 20, 0.010 + 5 * CHAR_S)
    got = line.receive(0.010 + 30 * CHAR_S - 0.001)
    assert got == b"A" * 4
    assert parrot.heard[1][1] != b"!" * 20


def test_a_board_is_deaf_while_it_speaks():
    parrot = Parrot(b"A" * 10, 0.010)
    line = bus(parrot)
    line.send(b"?", 0.0)
    line.send(b"!" * 20, 0.010 + 2 * CHAR_S)
    line.receive(0.010 + 25 * CHAR_S)
    assert 9 <= len(parrot.heard[1][1]) <= 12


def test_an_echoing_adapter_gives_back_what_was_sent():
    line = bus(Parrot(b"abc", 0.010), echo=True)
    line.send(b"12345", 0.0)
    assert line.receive(1.0) == b"12345abc"


def test_a_power_cut_ends_a_reply_in_mid_word_and_boards_boot_afterwards():
    parrot = Parrot(b"A" * 10, 0.010)
    line = bus(parrot)
    line.send(b"?", 0.0)
    assert line.receive(0.010 + 4 * CHAR_S + 1e-6) == b"AAA"
    line.power_cut(1.0, 0.010 + 4.5 * CHAR_S)
    line.send(b"?", 0.5)
    line.send(b"?", 0.02 + 1.0 + BOOT_S - 0.1)
    assert line.receive(3.0) == b""
    assert len(parrot.heard) == 1
    line.send(b"?", 4.0)
    assert line.receive(5.0) == b"A" * 10
    assert parrot.booted == [pytest.approx(0.010 + 4.5 * CHAR_S + 1.0 + BOOT_S)]


def test_an_unplugged_line_fails_as_a_port_does():
    line = bus(Parrot(b"", 0.0))
    line._tap.gone = True
    with pytest.raises(OSError, match="unplugged"):
        line.send(b"?", 0.0)
    with pytest.raises(LineGone):
        line.receive(0.0)
