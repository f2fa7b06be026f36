"""The nightly line: what a night's levels mean, held against the last session or against the empty tray."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud_bridge import feed
from edge.domain.values import Instant
from edge.upkeep.night_lines import Basis, Kept, Night, fact_of, said, told_of
from edge.weighing.audit import Cause, Stock

NOW = Instant(30_000.0, datetime(2026, 11, 23, 19, 30, tzinfo=UTC), "boot-1")
HOUR = 3600.0
RICE = Stock("RICE", 8, 250.0, 1.5)
WATER = Stock("WATER", 10, 500.0, 3.0, may_lose=True)
ZERO_G = 40.0


def night(stock=RICE, slope=0.0, jump=0.0, left=None, zero=None, hours=8.0, tray="1-02", at_g=None):
    """Eight hours at a level each half an hour. slope: grams an hour; jump: grams in the middle."""
    level = ZERO_G + stock.count * stock.unit_g if at_g is None else at_g
    steps = int(2 * hours) + 1
    levels = [(n * HOUR / 2, level + slope * n / 2 + (jump if n > steps / 2 else 0.0)) for n in range(steps)]
    return Night(tray, (stock,), levels, left, zero)


def only(*nights, opened=()):
    return told_of(nights, opened)[0]


LEFT = Kept(ZERO_G + 2000.0, 8.0)
EMPTY = Kept(ZERO_G, 240.0)


@pytest.mark.parametrize(
    ("watched", "cause", "basis"),
    [
        pytest.param(night(left=LEFT), Cause.NONE, Basis.LAST_SESSION, id="as it was left"),
        pytest.param(night(), Cause.NONE, Basis.FIRST_LEVEL, id="never a session"),
        pytest.param(night(left=LEFT, zero=EMPTY), Cause.NONE, Basis.EMPTY_TRAY, id="as the books say"),
        pytest.param(
            night(WATER, -9.0, left=Kept(ZERO_G + 5000, 8)), Cause.LEAK, Basis.LAST_SESSION, id="a leak"
        ),
        pytest.param(night(slope=-9.0, left=LEFT), Cause.DRIFTING_CELL, Basis.LAST_SESSION, id="a drift"),
        pytest.param(
            night(left=Kept(LEFT.grams + 250, 8.0)), Cause.SHRINKAGE, Basis.LAST_SESSION, id="one is gone"
        ),
        pytest.param(
            night(left=Kept(LEFT.grams - 250, 8.0)), Cause.SURPLUS, Basis.LAST_SESSION, id="one too many"
        ),
        pytest.param(
            night(left=Kept(LEFT.grams - 130, 8.0)), Cause.UNEXPLAINED, Basis.LAST_SESSION, id="no goods"
        ),
        pytest.param(
            night(at_g=ZERO_G + 1750, left=Kept(ZERO_G + 1750, 8.0), zero=EMPTY),
            Cause.SHRINKAGE,
            Basis.EMPTY_TRAY,
            id="lost within a session",
        ),
        pytest.param(night(jump=-250.0, left=LEFT), Cause.DISTURBED, Basis.LAST_SESSION, id="a jump"),
        pytest.param(replace(night(left=LEFT), levels=()), Cause.SILENT, Basis.LAST_SESSION, id="silent"),
    ],
)
def test_each_cause_is_told_with_what_it_was_held_against(watched, cause, basis):
    told = only(watched)
    assert (told.line.cause, told.basis) == (cause, basis)


def test_what_is_missing_is_counted_in_pieces():
    assert only(night(left=Kept(LEFT.grams + 500, 8.0))).line.missing == (("RICE", 2),)


def test_a_jump_while_the_contact_was_open_is_a_forced_door():
    assert only(night(jump=-250.0, left=LEFT), opened=[4.2 * HOUR]).line.cause is Cause.FORCED_DOOR


def test_the_spread_of_many_pieces_hides_no_loss_since_the_last_session():
    many = Stock("EGGS", 40, 60.0, 6.0, error_g=2.0)
    left = ZERO_G + 2400.0 + 60.0
    assert only(night(many, left=Kept(left, 8.0))).line.cause is Cause.SHRINKAGE


def test_a_zero_known_only_roughly_does_not_hide_what_went_since_the_last_session():
    many = Stock("EGGS", 40, 60.0, 6.0, error_g=2.0)
    told = only(night(many, left=Kept(ZERO_G + 2460.0, 8.0), zero=EMPTY))
    assert (told.line.cause, told.basis) == (Cause.SHRINKAGE, Basis.LAST_SESSION)


def test_a_tray_not_watched_for_days_may_have_wandered_so_far():
    assert only(night(left=Kept(LEFT.grams + 12.0, 48.0))).line.cause is Cause.NONE
    assert only(night(left=Kept(LEFT.grams + 12.0, 0.5))).line.cause is Cause.UNEXPLAINED


def test_the_sentence_says_basis_and_beginning_in_both_languages():
    zh, en = said(only(night(left=LEFT, zero=EMPTY)), "11-23 19:30")
    assert zh.startswith("1-02 8.0 h 正常")
    assert zh.endswith("对照空托盘零点,自 11-23 19:30 起监看")
    assert en.endswith("held against the empty tray, watched since 11-23 19:30")


def test_the_line_is_an_event_with_whole_numbers():
    told = only(night(left=Kept(LEFT.grams + 250, 8.0)))
    fact = fact_of(told, "2026-11-24", NOW, (RICE,), NOW)
    assert fact == feed.StockCounted(
        mono_ms=30_000_000,
        tray="1-02",
        day="2026-11-24",
        cause="SHRINKAGE",
        basis="LAST_SESSION",
        since="2026-11-23T19:30:00.000Z",
        watched_s=28_800,
        expected_dg=22_900,
        measured_dg=20_400,
        residual_dg=-2_500,
        slow_dg=0,
        jump_dg=0,
        goods=(feed.Counted(sku="RICE", booked=8, missing=1),),
    )
