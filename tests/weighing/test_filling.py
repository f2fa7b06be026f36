"""From levels to pieces: what fits no whole number, or not for sure, is never charged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.values import Sku, TrayId
from edge.weighing.judge import Band, TrayStory, in_doubt, judge, pieces_in
from edge.weighing.track import Step

BAND = Band()
WATER = {"unit_g": 519.0, "sd_g": 3.8, "most": 21}
MASK = {"unit_g": 48.0, "sd_g": 0.7, "most": 6}


def story(
    deltas=(),
    *,
    tray="1-01",
    before=6228.0,
    stock=12,
    unsettled=False,
    unit_g=519.0,
    sd_g=3.8,
    most=21,
    after=...,
):
    level, steps = before, []
    for n, delta in enumerate(deltas):
        steps.append(Step(n * 3.0, n * 3.0 + 0.6, level, level + delta))
        level += delta
    return TrayStory(
        TrayId(tray),
        Sku("SKU"),
        unit_g,
        sd_g,
        stock,
        most,
        before,
        level if after is ... else after,
        steps,
        unsettled,
    )


def judged(*stories, filling=False):
    return judge(stories, BAND, 0.0, filling=filling)


@pytest.mark.parametrize(
    ("deltas", "verdict", "count", "reasons"),
    [
        pytest.param([-1557], "charge", 3, (), id="three bottles"),
        pytest.param([-1540], "charge", 3, (), id="three light bottles: 17 g within the band"),
        pytest.param([-1300], "review", 3, ("poor_fit",), id="no whole number"),
        pytest.param([-1038, 519], "charge", 1, (), id="two, one back"),
        pytest.param([-1038, 1038], "empty", 0, (), id="two, both back"),
        pytest.param([], "empty", 0, (), id="nothing"),
        pytest.param([3], "empty", 0, (), id="a little drift"),
        pytest.param([730], "review", -1, ("foreign_object",), id="a foreign object"),
        pytest.param([519], "review", -1, ("foreign_object",), id="a bottle of one's own"),
        pytest.param([300, -300], "empty", 0, (), id="a hand leans and goes"),
        pytest.param([-519, 509], "review", 0, ("poor_fit", "swap"), id="a lighter thing comes back"),
        pytest.param([-519 * 13], "review", 13, ("more_than_booked",), id="more than lay there"),
    ],
)  # fmt: skip
def test_what_one_tray_is_judged_to_have_lost(deltas, verdict, count, reasons):
    found = judged(story(deltas))
    (tray,) = found.trays
    assert (found.verdict, tray.verdict, tray.count, tray.reasons) == (verdict, verdict, count, reasons)


def test_a_swap_within_the_band_is_seen_by_the_step_not_by_the_sum():
    found = judged(story([-212, 208], unit_g=212.0, sd_g=2.3, before=1272.0, stock=6))
    assert found.trays[0].reasons == ("swap",)


def test_a_returned_piece_is_compared_with_the_piece_that_was_taken_not_with_the_catalogue():
    assert judged(story([-525, 525])).verdict == "empty"
    assert judged(story([-525, -513, 525])).trays[0].count == 1


@pytest.mark.parametrize("silent", [{"before": 6228.0, "after": None}, {"after": 6228.0, "before": None}])
def test_a_silent_tray_is_in_doubt_and_never_zero(silent):
    quiet = TrayStory(TrayId("1-02"), Sku("S"), 519.0, 3.8, 12, 21, **silent)
    found = judged(story([-519]), quiet)
    assert found.verdict == "review"
    assert [(tray.tray, tray.verdict) for tray in found.trays] == [("1-01", "charge"), ("1-02", "review")]
    assert found.trays[1].reasons == ("silent_tray",)


def test_a_tray_that_still_moves_is_in_doubt():
    assert judged(story([-519], unsettled=True)).trays[0].reasons == ("unstable_tray",)


def test_more_pieces_than_can_be_counted_by_weight_are_in_doubt():
    assert judged(story([-48 * 7], **MASK, before=480.0)).trays[0].reasons == ("too_many_to_count",)


def test_many_pieces_are_sure_when_each_movement_is_countable():
    assert judged(story([-48 * 3, -48 * 4], **MASK, before=480.0)).trays[0].count == 7


def test_steps_that_tell_another_story_than_the_levels_are_in_doubt():
    missed = story([-519], after=6228.0 - 2 * 519)
    assert judged(missed).trays[0].reasons == ("steps_disagree",)


def test_goods_that_may_lie_on_another_tray_are_charged_to_nobody():
    lost = story([-278], tray="2-01", unit_g=278.0, sd_g=2.3, before=2224.0, stock=8)
    gained = story([278], tray="2-02", unit_g=202.0, sd_g=2.1, before=1616.0, stock=8)
    other = story([-519], tray="1-01")
    found = {tray.tray: tray for tray in judged(lost, gained, other).trays}
    assert found["2-01"].reasons == ("maybe_misplaced",)
    assert found["2-02"].reasons == ("foreign_object",)
    assert found["1-01"].verdict == "charge"


def test_goods_coming_in_are_whole_pieces_when_filling():
    found = judged(story([519 * 3]), filling=True)
    assert (found.verdict, found.trays[0].count) == ("charge", -3)


def test_doubt_reaches_only_trays_where_something_happened():
    found = in_doubt(judged(story([-519]), story([], tray="1-02")), "reopened")
    assert [(tray.verdict, tray.reasons) for tray in found.trays] == [
        ("review", ("reopened",)),
        ("empty", ()),
    ]
    assert in_doubt(judged(story([])), "reopened").verdict == "empty"


@given(
    st.sampled_from([WATER, MASK, {"unit_g": 2532.0, "sd_g": 9.4, "most": 43}]),
    st.integers(0, 12),
    st.floats(-3, 3),
)
def test_pieces_within_three_sd_are_counted_right(goods, count, sigmas):
    grams = count * goods["unit_g"] + sigmas * goods["sd_g"] * count**0.5
    assert pieces_in(grams, goods["unit_g"], goods["sd_g"], BAND) in ({count, None} if count > 6 else {count})


@given(st.floats(-20_000, 20_000))
def test_two_counts_never_both_fit(grams):
    fits = [
        n
        for n in range(-40, 41)
        if abs(grams - n * 519) <= BAND.around(n, 3.8) and abs(grams - n * 519) < 0.35 * 519
    ]
    assert len(fits) <= 1
    assert pieces_in(grams, 519.0, 3.8, BAND) == (fits[0] if fits else None)


@given(st.lists(st.integers(-3, 3), max_size=8))
def test_a_tray_is_charged_only_for_what_net_left_it(moves):
    taken, deltas = 0, []
    for move in moves:
        move = max(move, -taken)
        taken += move
        deltas.append(-519.0 * move)
    found = judged(story(deltas, stock=100, most=100))
    assert (found.trays[0].count, found.verdict) == (taken, "charge" if taken else "empty")
