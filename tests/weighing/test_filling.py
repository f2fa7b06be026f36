"""From levels to pieces in a restock: what fits no whole number, or not for sure, is never booked."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.domain.values import Sku, TrayId
from edge.weighing.filling import Band, Filled, Lying, counted, pieces_in
from edge.weighing.track import Step

BAND = Band()
SOME_WATER = {"unit_g": 519.0, "sd_g": 3.8, "most": 21}
SOME_MASKS = {"unit_g": 48.0, "sd_g": 0.7, "most": 6}
WATER = Lying(Sku("WATER"), 519.0, 3.8, stock=12, most=21)
MASK = Lying(Sku("MASK"), 48.0, 0.7, stock=10, most=6)
TEA = Lying(Sku("TEA"), 212.0, 2.3, stock=6, most=20)
TWIN = Lying(Sku("TWIN"), 522.0, 3.8, stock=12, most=21)


def filled(*deltas, goods=(WATER,), tray="1-01", before=6228.0, unsettled=False, after=...):
    level, steps = before, []
    for n, delta in enumerate(deltas):
        steps.append(Step(n * 3.0, n * 3.0 + 0.6, level, level + delta))
        level += delta
    return Filled(TrayId(tray), goods, before, level if after is ... else after, steps, unsettled)


def judged(*trays):
    return counted(trays, BAND, 0.0)


def only(*deltas, **how):
    (tray,) = judged(filled(*deltas, **how)).trays
    return tray


@pytest.mark.parametrize(
    ("deltas", "verdict", "count", "reasons"),
    [
        pytest.param([], "empty", 0, (), id="nothing"),
        pytest.param([3], "empty", 0, (), id="a little drift"),
        pytest.param([1557], "charge", -3, (), id="three bottles in"),
        pytest.param([-1557], "charge", 3, (), id="three bottles out"),
        pytest.param([1540], "charge", -3, (), id="three light bottles: 17 g within the band"),
        pytest.param([1557, -519], "charge", -2, (), id="three in, one out again"),
        pytest.param([-1038, 1038], "empty", 0, (), id="two out, both back"),
        pytest.param([300, -300], "empty", 0, (), id="a hand leans and goes"),
        pytest.param([300, -300, 1557], "charge", -3, (), id="a hand leans and goes, then three in"),
        pytest.param([730], "review", 0, ("foreign_object", "steps_disagree"), id="a foreign object"),
        pytest.param([1300], "review", 0, ("foreign_object", "steps_disagree"), id="no whole number"),
        pytest.param([-519 * 13], "review", 13, ("more_than_booked",), id="more out than lay there"),
        pytest.param([-519 * 6] * 3, "review", 18, ("more_than_booked",), id="and in parts"),
        pytest.param([519 * 13], "charge", -13, (), id="more in than lay there"),
        pytest.param([519 * 22], "review", -22, ("too_many_to_count",), id="too many in at once"),
    ],
)  # fmt: skip
def test_what_one_tray_is_judged_to_have_gained_or_lost(deltas, verdict, count, reasons):
    found = judged(filled(*deltas))
    (tray,) = found.trays
    goods = (("WATER", count),) if count else ()
    assert (found.verdict, tray.verdict, tray.goods, tray.reasons) == (verdict, verdict, goods, reasons)


@pytest.mark.parametrize("silent", [{"before": 6228.0, "after": None}, {"after": 6228.0, "before": None}])
def test_a_silent_tray_is_in_doubt_and_never_zero(silent):
    quiet = Filled(TrayId("1-02"), (WATER,), **silent)
    found = judged(filled(519), quiet)
    assert found.verdict == "review"
    assert [(tray.tray, tray.verdict) for tray in found.trays] == [("1-01", "charge"), ("1-02", "review")]
    assert (found.trays[1].reasons, found.trays[1].residual) == (("silent_tray",), None)


def test_a_tray_that_still_moves_is_in_doubt():
    assert only(519, unsettled=True).reasons == ("unstable_tray",)
    assert only(unsettled=True).verdict == "review"


def test_more_pieces_than_can_be_counted_by_weight_are_in_doubt():
    assert only(48 * 7, goods=[MASK], before=480.0).reasons == ("too_many_to_count",)


def test_many_pieces_are_sure_when_each_movement_is_countable():
    tray = only(48 * 3, 48 * 4, goods=[MASK], before=480.0)
    assert (tray.verdict, tray.goods) == ("charge", (("MASK", -7),))


@pytest.mark.parametrize("deltas", [[519], []])
def test_steps_that_tell_another_story_than_the_levels_are_in_doubt(deltas):
    assert only(*deltas, after=6228.0 + 2 * 519).reasons == ("steps_disagree",)


def test_levels_and_what_they_do_not_explain_are_kept_in_tenths_of_a_gram():
    tray = only(1560)
    assert (tray.before, tray.after, tray.delta, tray.residual) == (62280, 77880, 15600, -30)


def test_each_movement_is_told_with_its_time_since_the_door_opened_and_its_product():
    tray = counted([filled(1557, 3, -519, 730)], BAND, opened_at=-10.0).trays[0]
    assert [(event.t, event.action, event.count, event.sku) for event in tray.events] == [
        (10.6, "PUT_BACK", 3, "WATER"),
        (13.6, "TOUCH", 0, None),
        (16.0, "TAKE", 1, "WATER"),
        (19.6, "FOREIGN_OBJECT", 0, None),
    ]


# --- goods that share a tray -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("deltas", "goods", "verdict", "found", "reasons"),
    [
        pytest.param([1038, 424], (WATER, TEA), "charge", {"WATER": -2, "TEA": -2}, (), id="both filled"),
        pytest.param([1038, -212], (WATER, TEA), "charge", {"WATER": -2, "TEA": 1}, (), id="one in, one out"),
        pytest.param([212, 519, -212], (TEA, WATER), "charge", {"WATER": -1}, (), id="one back out"),
        pytest.param([3], (WATER, TEA), "empty", {}, (), id="drift is neither"),
        pytest.param(
            [731], (WATER, TEA), "review", {}, ("foreign_object", "steps_disagree"), id="one of each at once"
        ),
        pytest.param([519], (WATER, TWIN), "review", {}, ("ambiguous", "steps_disagree"), id="either fits"),
        pytest.param(
            [519 * 4, 519],
            (WATER, TWIN),
            "review",
            {},
            ("ambiguous", "steps_disagree"),
            id="either fits, twice",
        ),
        pytest.param(
            [212, 519],
            (WATER, TWIN, TEA),
            "review",
            {"TEA": -1},
            ("ambiguous", "steps_disagree"),
            id="one sure, one either",
        ),
        pytest.param([-212 * 7], (WATER, TEA), "review", {"TEA": 7}, ("more_than_booked",), id="own stock"),
        pytest.param(
            [48 * 7], (TEA, MASK), "review", {"MASK": -7}, ("too_many_to_count",), id="each has its most"
        ),
        pytest.param([519], (), "review", {}, ("foreign_object", "steps_disagree"), id="no goods planned"),
    ],
)  # fmt: skip
def test_a_movement_on_a_shared_tray_is_pieces_of_the_one_product_it_fits(
    deltas, goods, verdict, found, reasons
):
    tray = only(*deltas, goods=goods)
    assert (tray.verdict, dict(tray.goods), tray.reasons) == (verdict, found, reasons)
    assert list(tray.goods) == sorted(tray.goods)


def test_one_tray_in_doubt_leaves_the_other_sure():
    found = judged(filled(519, goods=[WATER, TWIN]), filled(519 * 2, tray="1-02"))
    assert (found.verdict, found.reasons) == ("review", ("ambiguous", "steps_disagree"))
    assert [(tray.verdict, tray.goods) for tray in found.trays] == [
        ("review", ()),
        ("charge", (("WATER", -2),)),
    ]


# --- counting ----------------------------------------------------------------------------------------
@given(
    st.sampled_from([SOME_WATER, SOME_MASKS, {"unit_g": 2532.0, "sd_g": 9.4, "most": 43}]),
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


@given(st.data(), st.sampled_from([WATER, MASK, TEA]), st.integers(0, 6), st.integers(0, 6))
def test_pieces_put_and_taken_are_counted_whatever_the_order(data, good, put, taken):
    signs = data.draw(st.permutations([1] * put + [-1] * taken))
    errors = [good.sd_g * data.draw(st.floats(-3, 3), label="sigmas") for _ in signs]
    deltas = [sign * (good.unit_g + error) for sign, error in zip(signs, errors, strict=True)]
    off = sum(sign * error for sign, error in zip(signs, errors, strict=True))
    assume(abs(off) <= 3 * good.sd_g * len(signs) ** 0.5)
    goods = data.draw(st.permutations([WATER, TEA, good]).map(lambda each: tuple(dict.fromkeys(each))))
    found = judged(filled(*deltas, goods=goods))
    net = taken - put
    assert found.trays[0].goods == (((good.sku, net),) if net else ())
    assert found.verdict == ("charge" if net else "empty")
