"""Who pays: scopes, days, what ends first, and a split that leaves the buyer no more than it must."""

from dataclasses import dataclass
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.quota import Part, Purse, Quota, Scheme, returned, split, usable
from edge.domain.values import Fen

ON = date(2026, 12, 1)


@dataclass(frozen=True)
class Line:
    amount: int
    certified: bool = True
    county: str = "紫阳县"


def purse(id, left, to=date(2026, 12, 31), since=date(2026, 1, 1), **scope):
    quota = Quota(id, Scheme.UNION_FESTIVAL, "u-1", Fen(20000), since, to, **scope)
    return Purse(quota, Fen(left))


def told(parts):
    return [(part.line, part.quota or "self", part.fen) for part in parts]


SPLITS = [
    pytest.param([Line(700)], [purse("a", 20000)], [(1, "a", 700)], id="all of it"),
    pytest.param([Line(700)], [purse("a", 500)], [(1, "a", 500), (1, "self", 200)], id="beyond the balance"),
    pytest.param([Line(700)], [], [(1, "self", 700)], id="no quota"),
    pytest.param([Line(700)], [purse("a", 0)], [(1, "self", 700)], id="used up"),
    pytest.param([Line(700, certified=False)], [purse("a", 9999)], [(1, "self", 700)], id="certified only"),
    pytest.param(
        [Line(700, certified=False)],
        [purse("a", 9999, certified_only=False)],
        [(1, "a", 700)],
        id="whatever",
    ),
    pytest.param(
        [Line(100), Line(200, county="平利县")],
        [purse("a", 999, counties=frozenset({"平利县"}))],
        [(2, "a", 200), (1, "self", 100)],
        id="a county by name",
    ),
    pytest.param(
        [Line(100)], [purse("a", 999, counties=frozenset({"610924"}))], [(1, "a", 100)], id="a county by code"
    ),
    pytest.param([Line(100)], [purse("a", 999, to=ON)], [(1, "a", 100)], id="the last day"),
    pytest.param([Line(100)], [purse("a", 999, to=date(2026, 11, 30))], [(1, "self", 100)], id="a day late"),
    pytest.param(
        [Line(100)], [purse("a", 999, since=date(2026, 12, 2))], [(1, "self", 100)], id="a day early"
    ),
    pytest.param(
        [Line(700)],
        [purse("late", 999, to=date(2027, 6, 30)), purse("soon", 300)],
        [(1, "soon", 300), (1, "late", 400)],
        id="what ends first",
    ),
    pytest.param(
        [Line(100), Line(100, county="平利县")],
        [purse("wide", 100), purse("narrow", 100, date(2027, 6, 30), counties=frozenset({"紫阳县"}))],
        [(2, "wide", 100), (1, "narrow", 100)],
        id="the wide one leaves a line to the narrow one",
    ),
]


@pytest.mark.parametrize(("lines", "purses", "parts"), SPLITS)
def test_a_sale_is_shared_between_quotas_and_buyer(lines, purses, parts):
    assert told(split(lines, purses, ON, owed=False, codes={"紫阳县": "610924"})) == parts


def test_the_buyers_part_is_owed_where_paying_oneself_is_not_provided_for():
    quota, own = split([Line(700)], [purse("a", 500)], ON, owed=True)
    assert (quota.owed, own.owed) == (False, True)
    assert own.scheme == "SELF_PAY"
    assert (quota.left, own.left) == (0, None)


lines = st.lists(
    st.builds(Line, st.integers(1, 900), st.booleans(), st.sampled_from(["紫阳县", "平利县"])), max_size=4
)
purses = st.lists(
    st.builds(
        purse,
        st.sampled_from("abc"),
        st.integers(0, 900),
        st.dates(date(2026, 11, 29), date(2026, 12, 31)),
        certified_only=st.booleans(),
        counties=st.sampled_from([frozenset(), frozenset({"平利县"})]),
    ),
    max_size=3,
    unique_by=lambda purse: purse.quota.id,
)


def covered(line, purse):
    return purse.quota.covers(line.certified, (line.county,))


def most(lines, purses):
    """What quotas can pay at most: the smallest cut between budgets and lines."""
    indices = range(len(purses))
    chosen = (subset for size in range(len(purses) + 1) for subset in combinations(indices, size))
    return min(
        sum(purses[i].left for i in indices if i not in kept)
        + sum(line.amount for line in lines if any(covered(line, purses[i]) for i in kept))
        for kept in chosen
    )


@given(lines, purses)
def test_nothing_is_paid_twice_and_the_buyer_pays_only_what_no_quota_could(lines, purses):
    parts = split(lines, purses, ON, owed=False)
    for number, line in enumerate(lines, 1):
        assert sum(part.fen for part in parts if part.line == number) == line.amount
    by_id = {purse.quota.id: purse for purse in purses}
    for id, purse in by_id.items():
        spent = sum(part.fen for part in parts if part.quota == id)
        assert spent <= purse.left
        assert all(part.left == purse.left - spent for part in parts if part.quota == id)
    for part in parts:
        assert part.fen > 0
        if part.quota:
            assert by_id[part.quota].quota.runs(ON)
            assert covered(lines[part.line - 1], by_id[part.quota])
    running = usable(purses, ON)
    assert sum(part.fen for part in parts if part.quota) == most(lines, running)
    for count in range(len(running)):  # what ends first is used as far as it goes
        used = {purse.quota.id for purse in running[:count]}
        assert sum(part.fen for part in parts if part.quota in used) == most(lines, running[:count])


PAID = (
    Part(1, "UNION_FESTIVAL", "soon", Fen(300)),
    Part(1, "UNION_SPECIAL", "late", Fen(400)),
    Part(2, "SELF_PAY", "", Fen(50)),
)


@pytest.mark.parametrize(
    ("already", "fen", "back"),
    [
        ({}, 30, [(2, "self", 30)]),
        ({}, 100, [(2, "self", 50), (1, "late", 50)]),
        ({}, 750, [(2, "self", 50), (1, "late", 400), (1, "soon", 300)]),
        ({}, 999, [(2, "self", 50), (1, "late", 400), (1, "soon", 300)]),
        (
            {(2, "SELF_PAY", ""): 50, (1, "UNION_SPECIAL", "late"): 390},
            20,
            [(1, "late", 10), (1, "soon", 10)],
        ),
        (
            {(2, "SELF_PAY", ""): 50, (1, "UNION_SPECIAL", "late"): 400, (1, "UNION_FESTIVAL", "soon"): 300},
            1,
            [],
        ),
    ],
)
def test_money_goes_back_to_what_paid_and_never_more_than_it_paid(already, fen, back):
    assert told(returned(PAID, already, Fen(fen))) == back
