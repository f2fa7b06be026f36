"""Parts of documents: whole in whatever order they come, never mixed, and not waited for for ever."""

import hypothesis.strategies as st
from hypothesis import given

from cloud_bridge.commands import Document
from edge.orders.gathering import Gathering


def part(number, of, sha="a", version="v1", base=None):
    return Document(version=version, sha256=sha * 64, data=f"{number:04d}", base=base, part=number, of=of)


@given(st.permutations(range(1, 6)), st.integers(0, 4))
def test_the_last_part_makes_it_whole_whatever_the_order(order, again):
    heap = Gathering()
    heap.add("again", "catalogue", 100, part(order[again], 5))
    for number in order:
        whole, _ = heap.add(f"c{number}", "catalogue", 100, part(number, 5))
        if whole is not None:
            break
    assert whole.parts == tuple(f"{n:04d}" for n in range(1, 6))
    assert {"again"} < set(whole.commands) <= {"again", *(f"c{n}" for n in order)}


def test_parts_of_other_kinds_versions_and_bases_are_others():
    heap = Gathering()
    others = [part(1, 2, "b"), part(1, 2, version="v2"), part(1, 2, base="c" * 64), part(1, 3)]
    for n, each in enumerate(others):
        assert heap.add(f"o{n}", "catalogue", 100, each) == (None, ())
    assert heap.add("other kind", "prices", 100, part(1, 2)) == (None, ())
    heap.add("one", "catalogue", 100, part(1, 2))
    whole, older = heap.add("two", "catalogue", 100, part(2, 2))
    assert whole.commands == ("one", "two")
    assert sorted(older) == ["o0", "o1", "o2", "o3"]
    assert heap.late(10**10) == [("other kind", "prices")]


def test_it_is_waited_for_until_the_part_that_ends_last():
    heap = Gathering()
    heap.add("one", "roster", 100, part(1, 3))
    heap.add("two", "roster", 200, part(2, 3))
    assert heap.late(199) == []
    assert heap.late(200) == [("one", "roster"), ("two", "roster")]
    assert heap.late(300) == []
