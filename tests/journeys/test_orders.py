"""The centre's orders at the counter: what they do, what outlives a restart, and what is never done twice."""

import pytest

from edge.domain.values import Kind
from tests.journeys.centre import STRANGER, Centre
from tests.journeys.conftest import Rig

WATER, TEA = "1-01", "1-02"
WATERS = "ZY-WATER-500"


@pytest.fixture
def centre(rig):
    return Centre(rig)


def reborn(centre):
    """The program ends and starts again."""
    centre.rig.kill()
    centre.rig.start()
    centre.rig.run(8.0)


def unlocked(rig):
    return rig.run_until(lambda: rig.state["bolt"] == "unlocked", 4.0)


def shop(rig, session, *acts):
    rig.act("open_door")
    for do, words in acts:
        rig.act(do, **words)
    rig.act("close_door", wait=0.0)
    return rig.settled(session)


def blocked(rig):
    return {tray.tray: tray.blocked for tray in rig.view.trays if tray.blocked}


class TestUnlock:
    def test_an_unlock_of_the_centre_is_a_sale_like_any_other(self, centre):
        rig, id = centre.rig, centre.unlock()
        assert unlocked(rig)
        answer = centre.answer(id)
        assert (answer["kind"], answer["outcome"], answer["code"]) == ("unlock", "DONE", "")
        receipt = shop(rig, answer["session"], ("take", {"tray": WATER, "count": 2}))
        assert (receipt.kind, receipt.verdict) == ("BUY", "charge")
        assert rig.charged() == {WATER: 2}
        (sale,) = rig.events("sale.settled.v1")
        assert sale["buyer"] == rig.outfit.roster.accounts["demo-001"].ref
        assert sale["channel"] == rig.outfit.settings.counter.channel

    def test_it_is_answered_in_the_transaction_that_notes_the_pulse(self, centre):
        centre.unlock()
        assert unlocked(centre.rig)
        (granted,) = centre.rig.query("SELECT at FROM session_journal WHERE note = 'pulse'")
        (ended,) = centre.rig.query("SELECT at, outcome FROM command_end")
        assert ended == (*granted, "DONE")

    def test_the_same_one_again_opens_nothing(self, centre):
        rig = centre.rig
        order = centre.command(
            "unlock", token=rig.view.token, buyer=rig.outfit.roster.accounts["demo-001"].ref
        )
        id = centre.put(order)
        assert unlocked(rig)
        shop(rig, centre.answer(id)["session"])
        rig.run(10.0)
        centre.put(order)
        assert not unlocked(rig)
        reborn(centre)
        assert not unlocked(rig)
        assert (rig.unlocks_sent, len(centre.answers(id))) == (1, 1)

    def test_one_that_was_recorded_and_no_more_is_never_carried_out(self, centre):
        rig, buyer = centre.rig, centre.rig.outfit.roster.accounts["demo-001"].ref
        order = centre.command("unlock", token=rig.view.token, buyer=buyer, nonce="b" * 32)
        rig.ledger.orders.take(order.id, "b" * 32, "unlock", order.jws, rig.instant)
        reborn(centre)
        assert centre.said(order.id) == ("FAILED", "INTERRUPTED")
        assert rig.unlocks_sent == 0

    def test_a_code_of_the_screen_opens_once_whoever_uses_it(self, centre):
        rig, token = centre.rig, centre.rig.view.token
        id = centre.unlock()
        assert unlocked(rig)
        shop(rig, centre.answer(id)["session"])
        rig.run(10.0)
        assert centre.said(centre.unlock(token=token)) == ("REFUSED", "REPLAY")
        assert rig.refused(token=token) == "REPLAY"

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ({"token": "made-up"}, "BAD_TOKEN"),
            ({"buyer": "f" * 32}, "UNKNOWN_BUYER"),
            ({"buyer": "demo-restock"}, "NOT_ALLOWED"),
            ({"aud": "XX-999"}, None),
            ({"key": STRANGER}, None),
        ],
    )
    def test_what_may_not_open_does_not_and_says_why(self, centre, words, code):
        id = centre.unlock(**words)
        assert not unlocked(centre.rig)
        if code:
            assert centre.said(id) == ("REFUSED", code)
            assert centre.rig.open()  # the screen's code was not used up
        else:
            assert centre.answers(id) == []
            assert "COMMAND_REFUSED" in centre.rig.alarm_kinds()

    def test_nobody_is_let_in_while_somebody_is(self, centre):
        rig = centre.rig
        session, token = rig.open(), rig.view.token
        assert centre.said(centre.unlock(token=token)) == ("REFUSED", "BUSY")
        shop(rig, session)
        assert rig.unlocks_sent == 1

    def test_without_keys_in_the_settings_nothing_is_obeyed(self, centre):
        rig = centre.rig
        rig.trust = None
        reborn(centre)
        centre.unlock()
        assert not unlocked(rig)
        assert rig.query("SELECT * FROM command") == []


class TestO2Lockout:
    def test_buyers_stay_out_until_resume_over_a_restart_too_and_staff_do_not(self, centre):
        rig = centre.rig
        assert centre.order("lockout", reason="检查")["outcome"] == "DONE"
        for _ in range(2):
            rig.run(1.0)
            assert (rig.view.state, rig.view.reason) == ("OUT_OF_ORDER", "locked_out")
            assert rig.refused() == "OUT_OF_ORDER"
            assert centre.said(centre.unlock()) == ("REFUSED", "OUT_OF_ORDER")
            reborn(centre)
        rig.restock()
        rig.run(100.0)
        assert centre.order("resume", reason="好了")["outcome"] == "DONE"
        rig.run(0.5)
        assert rig.view.state == "READY"
        assert rig.open()

    def test_a_session_under_way_ends_as_it_would(self, centre):
        rig = centre.rig
        session = rig.open()
        rig.act("open_door")
        rig.act("take", tray=WATER, count=1)
        centre.order("lockout", reason="")
        assert rig.view.state == "BUSY"
        rig.act("close_door", wait=0.0)
        assert rig.settled(session).verdict == "charge"
        assert rig.refused() == "OUT_OF_ORDER"

    def test_a_resume_without_a_lockout_changes_nothing(self, centre):
        assert centre.order("resume", reason="")["outcome"] == "DONE"
        assert centre.rig.open()


class TestTrayOutOfService:
    def test_the_rest_sells_and_it_says_so_over_a_restart_too(self, centre):
        rig = centre.rig
        centre.order("tray_out_of_service", tray=WATER, out=True, reason="秤不准")
        reborn(centre)
        assert blocked(rig) == {WATER: "OUT_OF_SERVICE"}
        take = [("take", {"tray": tray, "count": 1}) for tray in (WATER, TEA)]
        receipt = rig.visit(*take)
        assert receipt.verdict == "review"
        assert rig.charged() == {TEA: 1}
        assert rig.alarm_kinds() == set()  # whoever ordered it knows
        centre.order("tray_out_of_service", tray=WATER, out=False, reason="修好了")
        assert blocked(rig) == {}
        rig.run(8.0)
        assert rig.visit(("take", {"tray": WATER, "count": 1})).verdict == "charge"

    def test_policy_that_shuts_the_door_for_blocked_goods_does_not_for_this(self, centre, rig_of, outfit):
        centre.order("tray_out_of_service", tray=WATER, out=True, reason="")
        assert centre.rig.view.shut == ""

    def test_one_that_is_not_there_is_refused(self, centre):
        assert centre.order("tray_out_of_service", tray="9-99", out=True, reason="")["code"] == "UNKNOWN_TRAY"


class TestO2Recall:
    def test_it_blocks_at_once_and_after_a_restart_until_it_is_lifted(self, centre):
        rig = centre.rig
        centre.order("recall", sku=WATERS, reason="示例")
        assert blocked(rig) == {WATER: "RECALLED"}
        reborn(centre)
        assert blocked(rig) == {WATER: "RECALLED"}
        assert rig.visit(("take", {"tray": WATER, "count": 1})).total_fen == 0
        assert centre.order("recall", sku=WATERS, reason="", lot="L-1", lifted=True)["code"] == "NOT_RECALLED"
        centre.order("recall", sku=WATERS, reason="", lifted=True)
        assert blocked(rig) == {}

    def test_at_an_open_door_too(self, centre):
        rig = centre.rig
        session = rig.open()
        rig.act("open_door")
        rig.act("take", tray=WATER, count=1)
        centre.order("recall", sku=WATERS, reason="示例")
        rig.act("close_door", wait=0.0)
        assert rig.settled(session).total_fen == 0

    def test_what_the_counters_own_file_recalls_stays(self, centre):
        centre.order("recall", sku=WATERS, reason="示例", lot="L-1")
        assert centre.rig.engine.goods.recalls.ordered == {(WATERS, "L-1")}
        assert centre.rig.engine.goods.recalls.lots == centre.rig.outfit.recalls.lots


class TestResend:
    @pytest.mark.parametrize(
        ("words", "code"),
        [({}, ""), ({"last": 10**6}, "UNKNOWN_EVENTS"), ({"inc": "0" * 16}, "UNKNOWN_EVENTS")],
    )
    def test_it_is_answered_by_what_the_ledger_has(self, centre, words, code):
        asked = {"inc": centre.rig.ledger.incarnation, "first": 1, "last": 2} | words
        assert centre.order("resend", **asked)["code"] == code


class TestRefused:
    @pytest.mark.parametrize(
        ("kind", "words", "code"),
        [
            ("shell", {"line": "id"}, "KIND"),
            ("lockout", {"reason": "", "issued": 1, "expires": 60}, "EXPIRED"),
        ],
    )
    def test_what_is_signed_and_may_not_be_obeyed_is_recorded_and_answered(self, centre, kind, words, code):
        centre.rig.trust = centre.rig.trust.__class__(
            centre.rig.trust.counter, centre.rig.trust.keys, floor=1000
        )
        reborn(centre)
        assert centre.said(centre.send(kind, **words)) == ("REFUSED", code)
        assert centre.rig.view.state == "READY"

    def test_a_nonce_is_used_once_for_ever(self, centre):
        assert centre.order("lockout", reason="", nonce="a" * 32)["outcome"] == "DONE"
        reborn(centre)
        again = centre.send("resume", reason="", nonce="a" * 32)
        assert centre.said(again) == ("REFUSED", "NONCE_REUSED")
        assert centre.rig.view.reason == "locked_out"

    def test_a_staff_visit_is_no_place_for_an_unlock(self, centre):
        centre.rig.open(account="demo-restock", kind=Kind.RESTOCK)
        assert centre.said(centre.unlock()) == ("REFUSED", "RESTOCKING")


# --- the power fails ---------------------------------------------------------------------------------
def outcome(centre, cut_at):
    """An unlock with the power failing at the ``cut_at``-th effect; then the door is left alone."""
    rig = centre.rig
    rig.effects, rig.cut_at = 0, cut_at
    id = centre.unlock()
    opened = unlocked(rig)
    rig.run(16.0)
    rig.cut_at = None
    rig.run(10.0)
    assert rig.run_until(lambda: rig.view.state == "READY", 10.0), rig.view
    return id, opened


def check(centre, cut_at):
    """The bolt moves at most once; one answer, and a door that opened is never called not opened."""
    id, opened = outcome(centre, cut_at)
    (answer,) = centre.answers(id)
    sessions = dict(centre.rig.query("SELECT id, state FROM session"))
    assert centre.rig.unlocks_sent <= 1
    assert opened <= (answer["outcome"] == "DONE")
    if answer["outcome"] == "DONE":
        assert answer["session"] in sessions
    else:
        assert (answer["outcome"], sessions, answer["code"] in ("INTERRUPTED", "REPLAY", "BAD_TOKEN")) == (
            answer["outcome"], {}, True,
        )  # fmt: skip
    assert centre.rig.query("SELECT * FROM command_text") == []
    return answer["outcome"]


def fresh_centre(folder, outfit):
    return Centre(Rig(folder, 1, outfit).ready())


@pytest.mark.parametrize("cut_at", [1, 2, 3, 4, 12])
def test_a_power_cut_at_the_first_steps_of_an_unlock_opens_at_most_once(centre, cut_at):
    assert check(centre, cut_at) in ("DONE", "FAILED", "REFUSED")


@pytest.mark.long
def test_a_power_cut_at_every_step_of_an_unlock_opens_at_most_once(centre, tmp_path_factory, outfit):
    outcome(centre, None)
    ends = {}
    for cut_at in range(1, centre.rig.effects + 1):
        end = check(fresh_centre(tmp_path_factory.mktemp("cut"), outfit), cut_at)
        ends[end] = ends.get(end, 0) + 1
    assert ends["DONE"] > ends.get("FAILED", 0) > 0, ends


def few(steps: range) -> list[object]:
    """Every fourth step; those between run with the long proofs."""
    return [n if n % 4 == 1 else pytest.param(n, marks=pytest.mark.long) for n in steps]


@pytest.mark.parametrize("cut_at", few(range(1, 9)))
def test_a_power_cut_at_every_step_of_a_flag_leaves_it_done_once_or_not_known(centre, cut_at):
    rig = centre.rig
    rig.effects, rig.cut_at = 0, cut_at
    id = centre.send("lockout", reason="示例")
    rig.run(8.0)
    rig.cut_at = None
    rig.run(4.0)
    assert [each["outcome"] for each in centre.answers(id)] == ["DONE"]
    assert rig.view.reason == "locked_out"


# --- what may be lost ----------------------------------------------------------------------------------
def test_the_running_basket_names_its_command_and_ends_with_the_session(centre):
    rig, id = centre.rig, centre.unlock()
    assert unlocked(rig)
    session = centre.answer(id)["session"]
    shop(rig, session, ("take", {"tray": WATER, "count": 2}))
    assert {(live.session, live.command) for live in rig.lives} == {(session, id)}
    states = list(dict.fromkeys(live.state for live in rig.lives))
    assert states[-3:] == ["OPEN", "SETTLING", "SETTLED"]
    assert [(line.tray, line.count, line.sure) for line in rig.lives[-1].lines] == [(WATER, 2, True)]
    assert rig.lives[-1].total_fen == rig.sessions[session].total_fen


def test_a_restocks_basket_is_nobodys_to_see(centre):
    centre.rig.restock()
    assert centre.rig.lives == []


def test_health_says_what_the_screen_and_the_scales_say(centre):
    rig = centre.rig
    centre.order("tray_out_of_service", tray=TEA, out=True, reason="")
    health = rig.engine.health(rig.view, rig.instant)
    assert (health.state, health.clk, health.alarms) == ("READY", "unsynced", 0)
    told = {each.tray: each for each in health.trays}
    assert (told[WATER].state, told[TEA].state) == ("REST", "OUT")
    assert 0 < told[WATER].noise_mg < 5000
