"""O5 and B7 in tables: what a piece costs when, what a full reduction takes off, when a price is struck."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.basket import sale_of
from edge.domain.catalogue import Product
from edge.domain.price_check import group_problems, problems_of
from edge.domain.pricing import (
    PricedLine,
    PriceList,
    PriceVersion,
    Promotion,
    PromotionKind,
    Step,
    When,
    price_of,
    reduced,
    reduction_of,
    shared_out,
    terms_of,
)
from edge.domain.records import OpenSession, TrayEvidence
from edge.domain.values import Decigrams, Fen, Instant, Kind, Sku, TrayId

KONJAC, WATER, TEA = Sku("KONJAC"), Sku("WATER"), Sku("TEA")
MON_NOON = datetime(2026, 11, 23, 12, 0)
TODAY = MON_NOON.date()
MIDNIGHT = datetime(2026, 12, 1)


def product(sku, fen):
    return Product(
        sku=sku, gtin13="", name_zh=sku, name_en=sku, spec="", category="", county_zh="岚皋县",
        county_en="Langao", supplier="示例", unit_weight=Decigrams(2020), unit_sd=Decigrams(20),
        count_by_weight_max=9, price=Fen(fen), cert_no="", cert_status="ACTIVE", cert_to=None,
        linkage="", shelf_life_days=None, age_restricted=False, counter_ok=True,
    )  # fmt: skip


PRODUCTS = {KONJAC: product(KONJAC, 1580), WATER: product(WATER, 350), TEA: product(TEA, 9600)}


def single(id, kind=PromotionKind.LIMITED_TIME, **more):
    return Promotion(id, kind, zh="示例", en="sample", **more)


def reduction(id, *steps, **more):
    steps = tuple(Step(Fen(over), Fen(minus)) for over, minus in steps)
    return Promotion(id, PromotionKind.FULL_REDUCTION, zh="示例", en="sample", steps=steps, **more)


def price_list(*promotions, **versions):
    prices = {
        Sku(sku): tuple(PriceVersion(at, Fen(fen)) for at, fen in each) for sku, each in versions.items()
    }
    return PriceList("v", prices, promotions)


def fen_at(prices, at, sku=KONJAC, expires_on=None):
    return price_of(PRODUCTS[sku], prices, at, expires_on).fen


VERSIONS = price_list(KONJAC=[(datetime(2026, 11, 23, 9), 1280), (MIDNIGHT, 1380)])


@pytest.mark.parametrize(
    ("at", "fen"),
    [
        pytest.param(datetime(2026, 11, 23, 8, 59, 59), 1580, id="before the first version: the catalogue's"),
        pytest.param(datetime(2026, 11, 23, 9), 1280, id="from its moment on"),
        pytest.param(datetime(2026, 11, 30, 23, 59, 59, 999_999), 1280, id="up to the next one"),
        pytest.param(MIDNIGHT, 1380, id="the next one"),
        pytest.param(datetime(2026, 12, 1, tzinfo=UTC), 1380, id="an aware moment is read as local"),
    ],
)
def test_the_newest_version_that_has_begun_is_the_list_price(at, fen):
    assert fen_at(VERSIONS, at) == fen
    assert fen_at(PriceList("v", {KONJAC: VERSIONS.prices[KONJAC][::-1]}), at) == fen


DAYS_THREE = When(begins=datetime(2026, 11, 23), ends=datetime(2026, 11, 26))
NOON = When(hours=(time(11, 30), time(13, 30)))
NIGHT = When(weekdays=(4,), hours=(time(22), time(2)))  # Friday night
FRIDAY, SATURDAY = 27, 28


@pytest.mark.parametrize(
    ("when", "at", "holds"),
    [
        pytest.param(DAYS_THREE, datetime(2026, 11, 22, 23, 59), False, id="not yet"),
        pytest.param(DAYS_THREE, datetime(2026, 11, 23), True, id="from its beginning"),
        pytest.param(DAYS_THREE, datetime(2026, 11, 25, 23, 59), True, id="its last minute"),
        pytest.param(DAYS_THREE, datetime(2026, 11, 26), False, id="not at its end"),
        pytest.param(NOON, datetime(2026, 11, 23, 11, 29), False, id="before noon"),
        pytest.param(NOON, datetime(2026, 11, 23, 11, 30), True, id="noon"),
        pytest.param(NOON, datetime(2026, 11, 23, 13, 30), False, id="after noon"),
        pytest.param(NIGHT, datetime(2026, 11, FRIDAY, 21, 59), False, id="before the night"),
        pytest.param(NIGHT, datetime(2026, 11, FRIDAY, 22), True, id="friday night"),
        pytest.param(
            NIGHT, datetime(2026, 11, SATURDAY, 1, 59), True, id="friday night goes on after midnight"
        ),
        pytest.param(NIGHT, datetime(2026, 11, SATURDAY, 2), False, id="and ends"),
        pytest.param(NIGHT, datetime(2026, 11, SATURDAY, 23), False, id="saturday night is another"),
        pytest.param(NIGHT, datetime(2026, 11, FRIDAY, 1), False, id="so is thursday's, after midnight"),
        pytest.param(When(weekdays=(5, 6)), datetime(2026, 11, SATURDAY, 8), True, id="all of a weekend"),
        pytest.param(When(weekdays=(5, 6)), MON_NOON, False, id="no weekend"),
    ],
)
def test_a_promotion_is_in_force_within_all_its_limits(when, at, holds):
    assert when.holds(at) is holds
    assert fen_at(price_list(single("p", when=when, fixed=Fen(990))), at) == (990 if holds else 1580)


@pytest.mark.parametrize(
    ("expires_on", "fen"),
    [
        pytest.param(date(2026, 12, 1), 1580, id="eight days left"),
        pytest.param(date(2026, 11, 30), 790, id="seven days left"),
        pytest.param(TODAY, 790, id="the last day"),
        pytest.param(date(2026, 11, 22), 1580, id="past: never sold, so no price for it"),
        pytest.param(None, 1580, id="no date"),
    ],
)
def test_goods_near_their_date_cost_less(expires_on, fen):
    near = single("near", PromotionKind.NEAR_EXPIRY, percent=50, days_left=7)
    assert fen_at(price_list(near), MON_NOON, expires_on=expires_on) == fen


@pytest.mark.parametrize(("percent", "fen"), [(99, 1564), (80, 1264), (67, 1058), (33, 521), (1, 15)])
def test_percents_are_rounded_down_to_the_fen(percent, fen):
    assert fen_at(price_list(single("p", percent=percent)), MON_NOON) == fen


LIMITED = single("limited", when=DAYS_THREE, percent=80)  # 1264
AT_NOON = single("noon", PromotionKind.TIME_OF_DAY, when=NOON, fixed=Fen(1250))
SHORT = single("short", PromotionKind.NEAR_EXPIRY, days_left=7, percent=50)  # 790
NEAR = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("promotions", "expires_on", "fen", "id"),
    [
        pytest.param([], None, 1580, "", id="none"),
        pytest.param([LIMITED, AT_NOON], None, 1250, "noon", id="the lower of two"),
        pytest.param([LIMITED, AT_NOON, SHORT], None, 1250, "noon", id="one that is not in force is nothing"),
        pytest.param(
            [LIMITED, AT_NOON, SHORT], NEAR, 790, "short", id="the lowest of three, never two in one"
        ),
        pytest.param([single("dear", fixed=Fen(2000))], None, 1580, "", id="a promotion never makes dearer"),
        pytest.param([single("same", fixed=Fen(1580))], None, 1580, "", id="the list price is no promotion"),
        pytest.param(
            [single("b", fixed=Fen(990)), single("a", fixed=Fen(990))],
            None,
            990,
            "a",
            id="ties: the first id",
        ),
        pytest.param([single("tea", skus=(TEA,), fixed=Fen(1))], None, 1580, "", id="of other goods"),
        pytest.param([reduction("off", (100, 50))], None, 1580, "", id="a reduction has no price of its own"),
    ],
)
def test_of_overlapping_promotions_the_lowest_single_price_wins(promotions, expires_on, fen, id):
    for order in (promotions, promotions[::-1]):
        found = price_of(PRODUCTS[KONJAC], price_list(*order), MON_NOON, expires_on)
        assert (found.fen, found.list_fen, found.promotion) == (fen, 1580, id)


@pytest.mark.parametrize(
    ("deals", "strike"),
    [
        pytest.param({}, None, id="no deal in seven days"),
        pytest.param({KONJAC: 1580}, 1580, id="sold at this price"),
        pytest.param({KONJAC: 1600}, 1580, id="sold for more"),
        pytest.param({KONJAC: 1579}, None, id="one was a fen cheaper"),
        pytest.param({WATER: 1580}, None, id="other goods were sold"),
    ],
)
def test_a_price_is_struck_through_only_if_nobody_paid_less_within_seven_days(deals, strike):
    found = price_of(PRODUCTS[KONJAC], price_list(LIMITED), MON_NOON, None, deals)
    assert (found.fen, found.strike_fen) == (1264, strike)
    assert price_of(PRODUCTS[KONJAC], price_list(), MON_NOON, None, deals).strike_fen is None


def lines(**amounts):
    """Amounts by product; a name in small letters is one at a promotion's price."""
    return [PricedLine(Sku(sku.upper()), Fen(fen), sku.islower()) for sku, fen in amounts.items()]


THIRTY = reduction("thirty", (3000, 500), (6000, 1200))
STACKS = replace(THIRTY, id="stacks", stacks=True)


@pytest.mark.parametrize(
    ("basket", "promotions", "id", "shares"),
    [
        pytest.param(lines(A=2999), [THIRTY], "", (0,), id="a fen short"),
        pytest.param(lines(A=3000), [THIRTY], "thirty", (500,), id="exactly reached"),
        pytest.param(lines(A=5999), [THIRTY], "thirty", (500,), id="the step below"),
        pytest.param(lines(A=9000), [THIRTY], "thirty", (1200,), id="the best step, once"),
        pytest.param(lines(A=1580, B=1580), [THIRTY], "thirty", (250, 250), id="two lines alike"),
        pytest.param(
            lines(A=1000, B=1000, C=1000), [THIRTY], "thirty", (167, 167, 166), id="ties: the first"
        ),
        pytest.param(lines(A=700, B=2600), [THIRTY], "thirty", (106, 394), id="the largest remainder"),
        pytest.param(
            lines(A=2000, b=2000), [THIRTY], "", (0, 0), id="no stacking: a promoted line does not count"
        ),
        pytest.param(lines(A=3000, b=2000), [THIRTY], "thirty", (500, 0), id="nor gets a share"),
        pytest.param(
            lines(A=2000, b=2000), [STACKS], "stacks", (250, 250), id="unless it says that it stacks"
        ),
        pytest.param(
            lines(A=6000), [THIRTY, STACKS], "stacks", (1200,), id="one reduction: ties, the first id"
        ),
        pytest.param(
            lines(A=3000, B=9000),
            [reduction("b", (9000, 900), skus=(Sku("B"),)), THIRTY],
            "thirty",
            (300, 900),
            id="the best of two, of all goods",
        ),
        pytest.param(
            lines(A=3000, B=9000),
            [reduction("b", (9000, 2000), skus=(Sku("B"),)), THIRTY],
            "b",
            (0, 2000),
            id="the best of two, of listed goods",
        ),
        pytest.param(
            lines(A=100), [reduction("all", (100, 100))], "all", (100,), id="down to nothing at most"
        ),
        pytest.param(lines(), [THIRTY], "", (), id="an empty basket"),
        pytest.param(lines(A=0), [THIRTY], "", (0,), id="a basket that costs nothing"),
    ],
)
def test_a_full_reduction_takes_its_best_single_step_off(basket, promotions, id, shares):
    for order in (promotions, promotions[::-1]):
        found = reduced(basket, order)
        assert (found.promotion, found.shares) == (id, shares)
        assert reduction_of(basket, price_list(*order), MON_NOON) == found


def test_a_reduction_that_is_over_takes_nothing_off():
    over = replace(THIRTY, when=When(ends=MON_NOON))
    assert reduction_of(lines(A=3000), price_list(over), MON_NOON).shares == (0,)


def test_goods_on_two_trays_with_two_dates_have_one_price_the_lower_one():
    near = {("2-02", KONJAC): date(2027, 5, 1), ("2-03", KONJAC): NEAR, ("9-99", "OTHER"): NEAR}
    terms = terms_of(PRODUCTS, [KONJAC, WATER], near, price_list(SHORT), MON_NOON, {})
    assert (terms.offered[KONJAC].fen, terms.offered[WATER].fen) == (790, 350)
    fresh = terms_of(
        PRODUCTS, [KONJAC], {("2-02", KONJAC): date(2027, 5, 1)}, price_list(SHORT), MON_NOON, {}
    )
    assert fresh.offered[KONJAC].fen == 1580


def test_the_terms_keep_only_the_promotions_that_matter_here():
    elsewhere = reduction("tea-only", (1, 1), skus=(TEA,))
    prices = price_list(replace(LIMITED, skus=(KONJAC, TEA)), AT_NOON, THIRTY, elsewhere)
    terms = terms_of(PRODUCTS, [KONJAC], {}, prices, datetime(2026, 11, 23, 8), {})
    assert [(each.id, each.skus) for each in terms.promotions] == [("limited", (KONJAC,)), ("thirty", ())]
    assert terms.reduction_for(KONJAC) is None  # its price is a promotion's


def sold(prices, at=MON_NOON, **counts):
    """The sale of some pieces, granted at ``at``."""
    counts = {Sku(sku): n for sku, n in counts.items()}
    terms = terms_of(PRODUCTS, counts, {}, prices, at, {})
    offered = {sku: each for sku, each in terms.offered.items() if each.promotion}
    fens = {sku: each.fen for sku, each in terms.offered.items()}
    granted = OpenSession("s", Kind.BUY, "b", Instant(0.0, at.replace(tzinfo=UTC), "boot"), "c", {}, fens,
                          offered=offered, promotions=terms.promotions, price_list="v")  # fmt: skip
    journalled = msgspec.json.decode(msgspec.json.encode(granted), type=OpenSession)
    trays = [TrayEvidence(TrayId(sku), "charge", ((sku, n),), None, None, None) for sku, n in counts.items()]
    return sale_of(trays, journalled, PRODUCTS, at.date())


def test_a_sale_says_of_each_line_what_made_it_cheaper():
    both = price_list(replace(LIMITED, skus=(KONJAC,)), replace(STACKS, stacks=True))
    sale = sold(both, KONJAC=2, WATER=2)  # 2528 + 700 = 3228, less 500
    assert [
        (line.price, line.list_price, line.discount, line.amount, line.promotion) for line in sale.lines
    ] == [
        (1264, 1580, 392, 2136, "limited+stacks"),
        (350, None, 108, 592, "stacks"),
    ]
    assert (sale.total, sale.discount, sale.certified, sale.prices) == (2728, 500, 2728, "v")
    apart = sold(price_list(replace(LIMITED, skus=(KONJAC,)), THIRTY), KONJAC=2, WATER=2)
    assert (apart.total, apart.discount, apart.lines[0].promotion) == (3228, 0, "limited")


BAD = [
    (price_list(GONE=[(MIDNIGHT, 100)]), "price of GONE: the catalogue has no such product"),
    (price_list(KONJAC=[(MIDNIGHT, 0)]), "0 fen; a price is 1 fen or more"),
    (price_list(KONJAC=[(MIDNIGHT, 1), (MIDNIGHT, 2)]), "2 versions begin 2026-12-01T00:00:00"),
    (price_list(KONJAC=[(MIDNIGHT.replace(tzinfo=UTC), 1)]), "has an offset; write local time"),
    (price_list(single("p", skus=(Sku("GONE"),), when=DAYS_THREE, percent=50)), "no product GONE"),
    (price_list(single("A+b", when=DAYS_THREE, percent=50)), "its id must be lower-case"),
    (price_list(*[single("p", when=DAYS_THREE, percent=50)] * 2), "promotion p: 2 have this id"),
    (price_list(single("p", percent=50)), "LIMITED_TIME needs from and to"),
    (price_list(single("p", when=When(MIDNIGHT, MIDNIGHT), percent=50)), "is not before to"),
    (price_list(single("p", when=When(MIDNIGHT, MIDNIGHT.replace(tzinfo=UTC)), percent=50)), "has an offset"),
    (price_list(single("p", PromotionKind.TIME_OF_DAY, percent=50)), "TIME_OF_DAY needs hours"),
    (
        price_list(single("p", PromotionKind.TIME_OF_DAY, when=When(hours=(time(9), time(9))), percent=1)),
        "whole day",
    ),
    (price_list(single("p", PromotionKind.NEAR_EXPIRY, percent=50)), "days_left belongs to NEAR_EXPIRY"),
    (price_list(single("p", when=DAYS_THREE, percent=50, days_left=3)), "days_left belongs to NEAR_EXPIRY"),
    (
        price_list(single("p", PromotionKind.NEAR_EXPIRY, percent=50, days_left=-1)),
        "0 is the last day itself",
    ),
    (price_list(single("p", when=DAYS_THREE)), "one of fen and percent"),
    (price_list(single("p", when=DAYS_THREE, percent=50, fixed=Fen(9))), "one of fen and percent"),
    (price_list(single("p", when=DAYS_THREE, percent=0)), "percent = 0"),
    (price_list(single("p", when=DAYS_THREE, percent=100)), "percent = 100"),
    (price_list(single("p", when=DAYS_THREE, fixed=Fen(0))), "fen = 0"),
    (price_list(single("p", when=DAYS_THREE, percent=50, stacks=True)), "belong to FULL_REDUCTION"),
    (price_list(reduction("r")), "needs steps"),
    (price_list(reduction("r", (500, 600))), "step 500 − 600"),
    (price_list(reduction("r", (500, 0))), "step 500 − 0"),
    (price_list(reduction("r", (500, 50), percent=50)), "do not belong to FULL_REDUCTION"),
]


@pytest.mark.parametrize(("prices", "said"), BAD, ids=[said for _, said in BAD])
def test_what_cannot_be_meant_is_refused_by_name(prices, said):
    (problem,) = problems_of(prices, PRODUCTS)
    assert said in problem


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (
            price_list(replace(LIMITED, skus=(KONJAC,))),
            ["promotion limited: has not all of KONJAC and WATER"],
        ),
        (price_list(KONJAC=[(MIDNIGHT, 990)]), ["price versions of KONJAC and WATER differ"]),
        (price_list(LIMITED, replace(AT_NOON, skus=(KONJAC, WATER)), replace(SHORT, skus=(TEA,))), []),
        (price_list(KONJAC=[(MIDNIGHT, 990)], WATER=[(MIDNIGHT, 990)]), []),
    ],
)
def test_goods_that_need_not_be_told_apart_must_not_come_to_cost_unlike(prices, said):
    found = list(group_problems(prices, [(KONJAC, WATER)]))
    assert [each.startswith(words) for each, words in zip(found, said, strict=True)] == [True] * len(said)


def test_prices_that_are_well_have_no_problems():
    good = price_list(LIMITED, AT_NOON, SHORT, THIRTY, STACKS, KONJAC=[(MIDNIGHT, 1), (MON_NOON, 2)])
    assert list(problems_of(good, PRODUCTS)) == []


# --- properties -------------------------------------------------------------------------------------
SKUS = st.sets(st.sampled_from([KONJAC, WATER, TEA])).map(lambda skus: tuple(sorted(skus)))
WHENS = st.sampled_from([When(), DAYS_THREE, NOON, NIGHT])
OFFERS = st.one_of(
    st.integers(1, 20_000).map(lambda fen: {"fixed": Fen(fen)}),
    st.integers(1, 99).map(lambda percent: {"percent": percent}),
)
SINGLES = st.builds(
    lambda skus, when, offer, days: single("x", skus=skus, when=when, days_left=days, **offer),
    SKUS, WHENS, OFFERS, st.none() | st.integers(0, 9),
)  # fmt: skip
STEPS = st.lists(
    st.integers(1, 20_000).flatmap(lambda over: st.tuples(st.just(over), st.integers(1, over))),
    min_size=1,
    max_size=3,
)
REDUCTIONS = st.builds(
    lambda skus, when, steps, stacks: reduction("x", *steps, skus=skus, when=when, stacks=stacks),
    SKUS, WHENS, STEPS, st.booleans(),
)  # fmt: skip
PROMOTIONS = st.lists(SINGLES | REDUCTIONS, max_size=5).map(
    lambda found: [replace(each, id=f"p-{n}") for n, each in enumerate(found)]
)
TIMES = st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 30))
COUNTS = st.dictionaries(st.sampled_from(["KONJAC", "WATER", "TEA"]), st.integers(1, 9), min_size=1)


@given(PROMOTIONS, TIMES, COUNTS)
def test_a_sale_is_the_sum_of_its_lines_and_no_line_is_dearer_than_its_list_price_or_negative(
    promotions, at, counts
):
    sale = sold(price_list(*promotions), at, **counts)
    assert sale.total == sum(line.amount for line in sale.lines)
    assert sale.total + sale.discount == sum(line.count * line.price for line in sale.lines)
    for line in sale.lines:
        assert 0 <= line.amount <= line.count * line.price <= line.count * PRODUCTS[line.sku].price
        assert bool(line.promotion) == (line.price < PRODUCTS[line.sku].price or line.discount > 0)


@given(PROMOTIONS, st.randoms(use_true_random=False), TIMES, COUNTS)
def test_the_order_of_promotions_does_not_matter_and_the_same_question_has_one_answer(
    promotions, random, at, counts
):
    shuffled = random.sample(promotions, len(promotions))
    assert sold(price_list(*promotions), at, **counts) == sold(price_list(*shuffled), at, **counts)


@given(st.lists(st.integers(0, 10_000), max_size=9), st.data())
def test_a_discount_is_shared_out_to_the_last_fen_and_within_a_fen_of_its_proportion(amounts, data):
    off = data.draw(st.integers(0, sum(amounts)))
    shares = shared_out(Fen(off), [Fen(each) for each in amounts])
    assert sum(shares) == off
    for share, amount in zip(shares, amounts, strict=True):
        assert share <= amount
        assert abs(share * sum(amounts) - off * amount) < max(1, sum(amounts))
