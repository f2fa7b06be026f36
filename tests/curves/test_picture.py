"""A tray's curve as a picture: what stands on it, for whom, and that it can be read."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor

from edge.curves.labels import Mark, placed
from edge.curves.looks import DARK, EVENTS, FONTS, LIGHT, WORDS
from edge.curves.picture import MOST_POINTS, PHONE, REVIEW, Seen, drawn, picture

CURVE = ((0, 62_400), (80, 62_400), (80, 52_000), (143, 52_000), (144, 57_200), (280, 57_200))
MARKS = (Mark(80, "TAKE", 2), Mark(112, "TOUCH", 0), Mark(143, "PUT_BACK", 1))
SEEN = Seen(CURVE, MARKS, (22, 246), 62_400, 57_200, 12, (12, 11))
WEIGHT = re.compile(r"\d\s*(?:g|kg|克|斤)(?:\b|$)", re.IGNORECASE)
LANGS = ["zh", "en"]


def said(seen, size=PHONE, lang="zh", grams=False):
    return drawn(seen, size, grams=grams, dark=False, lang=lang, scale=1).said


def opened(png):
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.parametrize("size", [PHONE, REVIEW])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_picture_has_its_size_in_the_pixels_of_fine_screens(size, scale):
    made = opened(picture(SEEN, size, grams=size is REVIEW, scale=scale))
    assert made.size == (size[0] * scale, size[1] * scale)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "zh",
            {"取走 2 件", "放回 1 件", "碰到", "开门前", "12 件", "关门后", "11 件", "开门", "22 秒", "关门"},
        ),
        (
            "en",
            {
                "took 2",
                "put back 1",
                "touched",
                "before",
                "12 pcs",
                "after",
                "11 pcs",
                "open",
                "22 s",
                "shut",
            },
        ),
    ],
)
def test_the_buyer_reads_what_happened_in_pieces_and_no_weight(lang, words):
    assert set(said(SEEN, lang=lang)) == words
    assert not [text for text in said(SEEN, lang=lang) if WEIGHT.search(text)]


@pytest.mark.parametrize("lang", LANGS)
def test_staff_read_the_levels_the_change_and_the_residual_in_grams(lang):
    texts = said(SEEN, REVIEW, lang, grams=True)
    whole = " ".join(texts)
    for figure in ("6240.0 g → 5720.0 g", "-520.0 g", "+1.2 g", "6000 g", "5500 g"):
        assert figure in whole
    assert {WORDS[lang]["was"], WORDS[lang]["now"]} <= set(texts)


@given(st.integers(1, 7), st.integers(-30_000, 30_000))
@settings(max_examples=20)
def test_a_buyers_picture_is_the_same_whatever_the_goods_weigh(times, more):
    def heavier(weight):
        return weight * times + more

    other = SEEN._replace(
        curve=tuple((t, heavier(weight)) for t, weight in CURVE),
        before=heavier(SEEN.before),
        after=heavier(SEEN.after),
    )
    small = {"grams": False, "scale": 1}
    assert picture(other, PHONE, **small) == picture(SEEN, PHONE, **small)


@pytest.mark.parametrize("action", sorted(EVENTS["zh"]))
def test_every_sign_has_a_shape_of_its_own(action):
    """Drawn in one colour, at the same place: no two are alike."""

    def shape(of):
        pen = drawn(Seen(CURVE), PHONE, grams=False, dark=False, lang="zh", scale=2)
        pen.sign(of, (160, 60), 8, "#000000")
        return pen.png()

    assert all(shape(action) != shape(other) for other in EVENTS["zh"] if other != action)


def luminance(colour):
    parts = [part / 255 for part in ImageColor.getrgb(colour)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "soft", "take", "back", "alarm"])
@pytest.mark.parametrize("ground", ["paper", "fill", "band"])
def test_every_ink_can_be_read_on_every_ground(look, ink, ground):
    bright, dim = sorted((luminance(getattr(look, ink)), luminance(getattr(look, ground))), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_the_embedded_font_has_every_word():
    texts = "".join(text for words in WORDS.values() for text in words.values())
    texts += "".join(text for events in EVENTS.values() for word in events.values() for text in word)
    known = set((FONTS / "coverage.txt").read_text(encoding="utf-8")) | {" "}
    assert set(texts + "0123456789+-.→·g") - known == set()


@pytest.mark.parametrize("lang", LANGS)
def test_both_languages_name_the_same_things(lang):
    assert EVENTS[lang].keys() == EVENTS["zh"].keys()
    assert WORDS[lang].keys() == WORDS["zh"].keys()


marks = st.lists(
    st.builds(
        Mark,
        st.integers(-50, 400),
        st.sampled_from([*EVENTS["zh"], "OF_A_NEWER_COUNTER"]),
        st.integers(0, 60),
    ),
    max_size=40,
)


@given(marks, st.integers(100, 500), st.sampled_from(LANGS))
def test_no_name_covers_another_or_leaves_the_picture(marks, width, lang):
    labels = placed(
        marks, lambda t: t * width / 400, lambda text: 9.0 * len(text), (2.0, width - 2.0), 2, lang
    )
    for label in labels:
        if label.row is not None:
            assert label.left >= 2.0
        for other in labels:
            if other is not label and label.row is not None and other.row == label.row:
                assert label.right <= other.left or other.right <= label.left


def test_three_events_within_seconds_are_all_named_on_a_phone():
    close = (Mark(110, "TAKE", 2), Mark(135, "TOUCH", 0), Mark(160, "PUT_BACK", 1))
    assert {"取走 2 件", "碰到", "放回 1 件"} <= set(said(SEEN._replace(marks=close)))


@given(
    st.lists(st.tuples(st.integers(-(10**7), 10**7), st.integers(-(10**8), 10**8)), min_size=1, max_size=60),
    marks,
    st.none() | st.tuples(st.integers(-(10**6), 10**7), st.integers(-(10**6), 10**7)),
    st.booleans(),
)
def test_whatever_numbers_come_a_picture_is_drawn(points, marks, door, grams):
    seen = Seen(tuple(points), tuple(marks), door, points[0][1], None, points[-1][1], (3, 2))
    assert drawn(seen, PHONE, grams=grams, dark=False, lang="zh", scale=1).size == PHONE


@pytest.mark.parametrize("points", [0, MOST_POINTS + 1])
def test_a_curve_without_points_or_with_too_many_is_refused(points):
    with pytest.raises(ValueError, match=f"not {points}"):
        picture(Seen(tuple((at, 0) for at in range(points))), PHONE, grams=False)


def test_a_curve_of_one_point_is_a_level():
    assert opened(picture(Seen(((0, 5000),)), PHONE, grams=False)).size == (640, 240)


def test_the_line_goes_where_the_weight_went():
    """Along the middle column of each level the line's colour stands at the level's height."""
    made = opened(picture(Seen(CURVE), PHONE, grams=False, scale=1))
    take = ImageColor.getrgb(LIGHT.take)

    def height(t):
        x = round(8 + t / 280 * 304)
        return min(y for y in range(8, 97) if sum(map(abs, _minus(made.getpixel((x, y)), take))) < 60)

    high, low, middle = height(40), height(110), height(200)
    assert high < middle < low
    assert (middle - high) / (low - high) == pytest.approx(0.5, abs=0.05)


def _minus(one, other):
    return [a - b for a, b in zip(one, other, strict=True)]
