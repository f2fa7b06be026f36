"""The power fails at every step of a visit and on both sides of every commit. The visitor goes on.

Whatever the moment: the session ends once, in the right sale, in a review or not at all, the bolt is
never pulsed twice, and the next visit is charged as if nothing had been.
"""

import pytest

WATER, TEA = "1-01", "1-02"


def visitor(rig):
    """Ask, open if the bolt moves, take two waters and a tea, put one water back, shut the door."""
    token = rig.view.token
    rig.send(token=token)
    if not rig.run_until(lambda: rig.state["bolt"] == "unlocked", 4.0):
        return False
    rig.act("open_door")
    rig.act("take", tray=WATER, count=2)
    rig.act("put_back", tray=WATER, count=1)
    rig.act("take", tray=TEA, count=1)
    rig.act("close_door", wait=0.0)
    return True


def outcome(rig, cut_at):
    rig.effects, rig.cut_at = 0, cut_at
    before = rig.truly_on()
    opened = visitor(rig)
    rig.run(14.0)
    rig.cut_at = None
    rig.run(6.0)
    after = rig.truly_on()
    taken = {tray: before[tray] - after[tray] for tray in before if before[tray] != after[tray]}
    assert rig.run_until(lambda: rig.view.state == "READY", 10.0), (rig.view.state, rig.view.reason)
    assert rig.ledger.unfinished() is None
    return opened, taken


def check(rig, cut_at):
    opened, taken = outcome(rig, cut_at)
    sessions = rig.query("SELECT id, state FROM session")
    charged = rig.charged()
    assert rig.unlocks_sent <= 1
    assert len(sessions) <= 1
    if not opened:
        assert charged == {}
        assert all(state == "CANCELLED" for _, state in sessions)
    elif [state for _, state in sessions] == ["SETTLED"]:
        assert charged == taken == {WATER: 1, TEA: 1}
    else:
        assert [state for _, state in sessions] == ["REVIEW"]
        assert all(charged[tray] == taken.get(tray) for tray in charged)
    return sessions[0][1] if sessions else "none"


def steps_of_a_visit(rig):
    outcome(rig, None)
    return rig.effects


def test_a_visit_without_a_cut_is_the_sale(make_rig):
    assert check(make_rig(1), None) == "SETTLED"


@pytest.mark.parametrize(
    "share", [i / 12 if i % 2 == 0 else pytest.param(i / 12, marks=pytest.mark.long) for i in range(12)]
)
def test_a_cut_somewhere_in_a_visit_ends_in_the_right_sale_or_a_review(make_rig, share):
    steps = 330
    check(make_rig(1), 1 + int(share * steps))


@pytest.mark.long
def test_a_cut_at_every_step_of_a_visit_ends_in_the_right_sale_or_a_review(
    make_rig, tmp_path_factory, outfit
):
    rig = make_rig(1)
    steps = steps_of_a_visit(rig)
    make = type(rig)
    ends = {}
    for cut_at in range(1, steps + 1):
        fresh = make(tmp_path_factory.mktemp("cut"), 1, outfit).ready()
        end = check(fresh, cut_at)
        ends[end] = ends.get(end, 0) + 1
    assert ends["SETTLED"] > steps / 2, ends
    print(f"{steps} cuts: {ends}")
