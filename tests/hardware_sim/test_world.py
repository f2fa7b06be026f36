import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.hardware.codecs import bcc8a, modbus_rtu
from hardware_sim import saved
from hardware_sim.errors import Impossible, Malformed
from hardware_sim.faults import MENU

LOCKED, UNLOCKED = bytes.fromhex("80 01 01 11 91"), bytes.fromhex("80 01 01 00 80")
REED_CLOSED, REED_OPEN = bytes.fromhex("80 01 02 11 92"), bytes.fromhex("80 01 02 00 83")
ASK_LOCK, ASK_REED = "80 01 01 33 B3", "80 01 02 33 B0"
GROSS_11 = modbus_rtu.encode(modbus_rtu.Read(11, 3, 80, 4))
STATUS_11 = modbus_rtu.encode(modbus_rtu.Read(11, 3, 8, 1))


def grams(reply: bytes) -> int:
    answer = modbus_rtu.decode_reply(reply)
    assert isinstance(answer, modbus_rtu.ReadReply), reply.hex()
    return int.from_bytes(answer.body[:4], "big", signed=True)


def status(reply: bytes) -> int:
    return modbus_rtu.decode_reply(reply).registers[0]


def test_a_whole_visit_over_the_wire(bench):
    before = grams(bench.ask(GROSS_11))
    assert bench.ask(ASK_LOCK) == LOCKED
    assert bench.ask("8A 01 01 11 9B") == bytes.fromhex("8A 01 01 00 8A")
    assert bench.ask(ASK_LOCK) == UNLOCKED
    bench.act("open_door")
    bench.wait(0.2)
    assert bench.ask(ASK_REED) == REED_OPEN
    bench.act("take", tray="1-01", count=2)
    bench.wait(2.0)
    bench.act("close_door")
    bench.wait(1.0)
    assert bench.ask(ASK_REED) == REED_CLOSED
    assert bench.ask(ASK_LOCK) == LOCKED
    state = bench.state()
    assert state["hand"] == {"ZY-WATER-500": 2}
    assert grams(bench.ask(GROSS_11)) - before == pytest.approx(-2 * 519, abs=2 * 3 * 3.8 + 2)


def test_the_state_has_the_contracts_keys(bench):
    state = bench.state()
    assert (state["door"], state["bolt"], state["hand"], state["faults"]) == ("closed", "locked", {}, [])
    assert isinstance(state["t"], float)
    assert state["trays"][0]["id"] == "1-01"
    assert state["trays"][0]["goods"] == {"ZY-WATER-500": 12}
    assert abs(state["trays"][0]["grams"] - 12 * 519) < 60
    assert len(state["trays"]) == 12
    json.dumps(state)


def test_looking_at_the_state_changes_no_byte(make_bench):
    quiet, watched = make_bench(7), make_bench(7)
    answers = []
    for it in (quiet, watched):
        if it is watched:
            it.state()
        it.unlock_and_open()
        answers.append([it.ask(GROSS_11), it.ask(STATUS_11)])
    assert answers[0] == answers[1]


REFUSED = [
    pytest.param([], {"do": "open_door"}, "DOOR_LOCKED", id="open a locked door"),
    pytest.param([], {"do": "close_door"}, "DOOR_CLOSED", id="close a closed door"),
    pytest.param([], {"do": "slam"}, "DOOR_CLOSED", id="slam a closed door"),
    pytest.param([], {"do": "take", "tray": "1-01"}, "DOOR_CLOSED", id="take through the door"),
    pytest.param([], {"do": "put", "tray": "1-01", "grams": 50}, "DOOR_CLOSED", id="put through the door"),
    pytest.param(["force_door"], {"do": "force_door"}, "DOOR_OPEN", id="force an open door"),
    pytest.param(["force_door"], {"do": "take", "tray": "1-01", "count": 13}, "NOT_THERE", id="too many"),
    pytest.param(["force_door"], {"do": "put_back", "tray": "1-01"}, "NOT_THERE", id="an empty hand"),
    pytest.param(["force_door"], {"do": "take", "tray": "9-99"}, "NO_SUCH_TRAY", id="no such tray"),
    pytest.param(
        ["force_door"], {"do": "put", "tray": "1-01", "sku": "X"}, "NO_SUCH_PRODUCT", id="no such product"
    ),
    pytest.param(
        ["force_door"], {"do": "move", "tray": "1-01", "to": "9-99"}, "NO_SUCH_TRAY", id="move to nowhere"
    ),
]


@pytest.mark.parametrize(("first", "command", "code"), REFUSED)
def test_what_nobody_could_do_is_refused_by_a_code_and_changes_nothing(bench, first, command, code):
    for do in first:
        bench.act(do)
    before = bench.state()
    with pytest.raises(Impossible) as refusal:
        bench.world.act(command, bench.clock())
    assert refusal.value.code == code
    assert bench.state() == before


MALFORMED = [
    {},
    {"do": "fly"},
    {"do": "take"},
    {"do": "take", "tray": "1-01", "count": 0},
    {"do": "take", "tray": "1-01", "weight": 3},
    {"do": "lean", "tray": "1-01", "grams": "heavy", "seconds": 1},
    {"do": "put", "tray": "1-01"},
    {"do": "fault", "name": "nonsense"},
    {"do": "fault", "name": "tray_silent"},
    {"do": "fault", "name": "bolt_stuck", "tray": "1-01"},
    {"do": "clear", "name": "nonsense"},
    {"do": "power_cut"},
]


@pytest.mark.parametrize("command", MALFORMED, ids=json.dumps)
def test_what_is_not_an_act_is_refused(bench, command):
    bench.act("force_door")
    with pytest.raises(Malformed):
        bench.world.act(command, bench.clock())


def test_people_take_put_back_and_move_goods(bench):
    bench.unlock_and_open()
    bench.act("take", tray="1-01", sku="ZY-WATER-500", count=3)
    bench.act("put_back", tray="1-01", count=1)
    bench.act("put_back", tray="1-02", sku="ZY-WATER-500")
    state = bench.act("move", tray="1-01", to="1-02", count=2)
    assert state["hand"] == {"ZY-WATER-500": 1}
    assert bench.tray("1-01")["goods"] == {"ZY-WATER-500": 8}
    assert bench.tray("1-02")["goods"] == {"PL-TEA-125": 10, "ZY-WATER-500": 3}


def test_a_foreign_object_is_put_in_and_taken_out(bench):
    bench.unlock_and_open()
    bench.act("put", tray="1-03", grams=350)
    assert bench.tray("1-03")["foreign"] == [350.0]
    assert bench.act("take", tray="1-03", grams=350)["hand_foreign"] == [350.0]
    bench.act("put_back", tray="1-04", grams=350)
    assert bench.tray("1-04")["foreign"] == [350.0]


def test_a_restocker_brings_new_pieces(bench):
    bench.unlock_and_open()
    bench.act("put", tray="1-01", sku="ZY-WATER-500", count=4)
    assert bench.tray("1-01")["goods"] == {"ZY-WATER-500": 16}


def test_the_pull_time_of_the_counter_outlasts_the_bolt(bench):
    bench.ask("8A 01 01 11 9B")
    bench.wait(9.4 - bench.clock())
    assert bench.state()["bolt"] == "unlocked"
    bench.wait(0.2)
    assert bench.state()["bolt"] == "locked"


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_and_calls_give_the_same_bytes(make_bench, seed):
    def bytes_of() -> list[bytes]:
        it = make_bench(seed)
        got = [it.ask(GROSS_11)]
        it.act("fault", name="flip", probability=0.3)
        it.act("fault", name="noise")
        it.unlock_and_open()
        it.act("take", tray="1-01", count=2)
        got += [it.ask(GROSS_11) for _ in range(20)]
        it.act("slam")
        return got + [it.ask(GROSS_11) for _ in range(20)]

    assert bytes_of() == bytes_of()


def test_another_seed_gives_other_goods(make_bench):
    assert make_bench(1).tray("1-01")["true_g"] != make_bench(2).tray("1-01")["true_g"]


def test_a_power_cut_makes_boards_deaf_until_they_have_booted(bench):
    bench.act("power_cut", seconds=3)
    assert bench.ask(ASK_LOCK) == b""
    bench.wait(5.0)
    assert bench.ask(ASK_LOCK) == LOCKED


def test_a_restarted_simulator_finds_the_same_cabinet(make_bench, tmp_path: Path):
    first = make_bench(1)
    first.unlock_and_open()
    first.act("take", tray="1-01", count=2)
    file = tmp_path / "sim.json"
    saved.write(file, first.world.saved(first.clock()))
    again = make_bench(99, found=saved.read(file))
    for key in ("door", "bolt", "hand"):
        assert again.state()[key] == first.state()[key]
    assert [tray["true_g"] for tray in again.state()["trays"]] == [
        tray["true_g"] for tray in first.state()["trays"]
    ]
    assert abs(grams(again.ask(GROSS_11)) - first.tray("1-01")["true_g"]) < 7
    again.act("put_back", tray="1-01", count=2)


def test_an_unlocked_door_found_shut_locks_itself(make_bench):
    first = make_bench(1)
    first.ask("8A 01 01 11 9B")
    again = make_bench(1, found=first.world.saved(first.clock()))
    assert again.state()["bolt"] == "unlocked"
    again.wait(0.4)
    assert again.state()["bolt"] == "locked"


# --- faults, each seen from the master's end


def test_a_stuck_bolt_is_told_by_the_boards_answer(bench):
    bench.act("fault", name="bolt_stuck")
    assert bench.ask("8A 01 01 11 9B") == bytes.fromhex("8A 01 01 11 9B")
    assert bench.ask(ASK_LOCK) == LOCKED


def test_a_bolt_that_does_not_latch_stays_out_after_closing(bench):
    bench.act("fault", name="not_latching")
    bench.unlock_and_open()
    bench.act("close_door")
    bench.wait(5.0)
    assert bench.ask(ASK_LOCK) == UNLOCKED
    bench.act("clear", name="not_latching")
    assert bench.ask(ASK_LOCK) == LOCKED


def test_a_stuck_reed_keeps_telling_the_old_story(bench):
    bench.act("fault", name="stuck_reed")
    bench.unlock_and_open()
    bench.wait(1.0)
    assert bench.ask(ASK_REED) == REED_CLOSED
    bench.act("clear", name="stuck_reed")
    assert bench.ask(ASK_REED) == REED_OPEN


def test_a_reed_that_sticks_while_the_door_is_open_never_sees_it_close(bench):
    bench.unlock_and_open()
    bench.wait(1.0)
    bench.act("fault", name="stuck_reed")
    bench.act("close_door")
    bench.wait(1.0)
    assert bench.ask(ASK_REED) == REED_OPEN


def test_a_silent_tray_is_silent_alone(bench):
    bench.act("fault", name="tray_silent", tray="1-01")
    assert bench.ask(GROSS_11) == b""
    assert bench.ask(modbus_rtu.encode(modbus_rtu.Read(12, 3, 80, 4))) != b""
    assert bench.state()["faults"] == ["tray_silent"]
    bench.act("clear", name="tray_silent")
    assert bench.ask(GROSS_11) != b""


def test_an_unstable_tray_says_so_for_ever(bench):
    assert not status(bench.ask(STATUS_11)) & 1 << 5
    bench.act("fault", name="tray_unstable", tray="1-01")
    for _ in range(5):
        bench.wait(3.0)
        assert status(bench.ask(STATUS_11)) & 1 << 5


def test_an_overloaded_tray_sets_its_bit(bench):
    bench.act("fault", name="overload", tray="1-01")
    assert status(bench.ask(STATUS_11)) & 1 << 9


def test_every_reply_can_be_lost(bench):
    bench.act("fault", name="drop", probability=1)
    assert bench.ask(ASK_LOCK) == b""


def test_a_lost_request_moves_nothing_while_a_lost_reply_hides_what_moved(bench):
    bench.act("fault", name="drop_request", probability=1)
    assert bench.ask("8A 01 01 11 9B") == b""
    assert bench.state()["bolt"] == "locked"
    bench.act("clear", name="drop_request")
    bench.act("fault", name="drop", probability=1)
    assert bench.ask("8A 01 01 11 9B") == b""
    assert bench.state()["bolt"] == "unlocked"


def test_a_late_reply_comes_after_the_time_out(bench):
    bench.act("fault", name="late", seconds=0.6)
    assert bench.ask(ASK_LOCK, wait_s=0.5) == b""
    assert bench.ask(b"", wait_s=0.5) == LOCKED


def test_an_echo_stands_before_the_answer(bench):
    bench.act("fault", name="echo")
    assert bench.ask(ASK_LOCK) == bytes.fromhex(ASK_LOCK) + LOCKED


def test_noise_stands_in_front_of_the_answer(bench):
    bench.act("fault", name="noise", probability=1)
    got = bench.ask(ASK_LOCK)
    assert got.endswith(LOCKED)
    assert 1 <= len(got) - len(LOCKED) <= 3


def test_a_reply_can_come_twice(bench):
    bench.act("fault", name="duplicate", probability=1)
    assert bench.ask(ASK_LOCK) == LOCKED + LOCKED


def test_a_reply_can_lack_its_end(bench):
    bench.act("fault", name="truncate", probability=1)
    got = bench.ask(GROSS_11)
    assert len(got) < 13


@pytest.mark.parametrize("name", ["wrong_crc", "flip"])
def test_a_spoilt_reply_is_not_a_reply(bench, name):
    bench.act("fault", name=name, probability=1)
    for request in (GROSS_11, STATUS_11):
        got = bench.ask(request)
        assert got
        assert modbus_rtu.decode_reply(got) is None


def test_a_reply_under_a_wrong_number_has_a_right_checksum(bench):
    bench.act("fault", name="wrong_unit", probability=1)
    assert modbus_rtu.decode_reply(bench.ask(GROSS_11)).unit == 12
    assert bcc8a.decode_reply(bench.ask(ASK_LOCK)).board == 2


def test_pulling_the_plug_fails_like_a_port_and_heals(bench):
    bench.act("fault", name="line_gone")
    with pytest.raises(OSError, match="unplugged"):
        bench.ask(ASK_LOCK)
    bench.act("clear", name="line_gone")
    assert bench.ask(ASK_LOCK) == LOCKED


def test_every_fault_of_the_menu_can_be_set_and_cleared(bench):
    for name, entry in MENU.items():
        bench.act("fault", name=name, **({"tray": "1-01"} if entry.tray else {}))
    assert bench.state()["faults"] == sorted(MENU)
    for name in MENU:
        bench.act("clear", name=name)
    assert bench.state()["faults"] == []
    assert bench.ask(ASK_LOCK) == LOCKED


def test_a_put_back_without_a_product_gives_back_what_belongs_on_that_tray(bench):
    bench.unlock_and_open()
    bench.act("take", tray="1-01", count=2)
    bench.act("take", tray="1-02")
    hand = bench.act("put_back", tray="1-01")["hand"]
    assert sorted(hand.values()) == [1, 1]
    hand = bench.act("put_back", tray="2-01")["hand"]
    assert sum(hand.values()) == 1
