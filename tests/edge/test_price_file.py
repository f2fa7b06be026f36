"""The prices file: every kind of promotion read, every fault named, and its place in the settings."""

from datetime import datetime, time
from pathlib import Path

import pytest

from edge.domain.pricing import PriceVersion, PromotionKind, Step, When
from edge.errors import ConfigError
from edge.outfit.loading import load_outfit
from edge.outfit.price_file import read_prices

SAMPLE = Path(__file__).parents[2] / "config" / "prices.toml"
KNOWN = {"ZY-WATER-500", "ZY-TEA-BAG20", "PL-TEA-125", "BH-MG-DRINK310"}


def test_the_sample_has_one_promotion_of_each_kind():
    prices = read_prices(SAMPLE, KNOWN)
    assert prices.prices == {"ZY-WATER-500": (PriceVersion(datetime(2030, 1, 1), 380),)}
    limited, noon, near, reduction = prices.promotions
    assert [each.kind for each in prices.promotions] == list(PromotionKind)
    assert (limited.percent, limited.skus) == (80, ("ZY-TEA-BAG20", "PL-TEA-125"))
    assert noon.when == When(datetime(2030, 1, 1), None, (0, 1, 2, 3, 4), (time(11, 30), time(13, 30)))
    assert (near.days_left, near.skus) == (7, ())
    assert reduction.steps == (Step(3000, 500), Step(6000, 1200))
    assert (reduction.zh, reduction.en) == ("满30减5、满60减12", "¥5 off ¥30+, ¥12 off ¥60+")


def test_the_sample_changes_nothing_today_and_the_sample_counter_does_not_name_it():
    outfit = load_outfit(SAMPLE.with_name("counter.toml"), environ={})
    assert (outfit.prices.version, outfit.prices.promotions) == ("", ())
    assert all(each.when.begins >= datetime(2030, 1, 1) for each in read_prices(SAMPLE, KNOWN).promotions)


@pytest.fixture
def priced(setup):
    """A copy of the sample files whose settings name a prices file of this text; gives the settings."""

    def write(text):
        (setup / "prices.toml").write_text(text, encoding="utf-8")
        settings = setup / "counter.toml"
        named = settings.read_text(encoding="utf-8").replace(
            "[files]\n", '[files]\nprices = "prices.toml"\n', 1
        )
        settings.write_text(named, encoding="utf-8")
        return settings

    return write


GOOD = '[[price]]\nsku = "ZY-WATER-500"\nfrom = 2026-12-01T00:00:00\nfen = 380\n'


def test_the_settings_name_it_and_its_version_is_a_hash_of_its_bytes(priced):
    settings = priced(GOOD)
    first = load_outfit(settings, environ={}).prices
    assert load_outfit(settings, environ={}).prices == first
    settings.with_name("prices.toml").write_text(GOOD + "# a word\n", encoding="utf-8")
    other = load_outfit(settings, environ={}).prices
    assert len(first.version) == len(other.version) == 16
    assert (other.version == first.version, other.prices == first.prices) == (False, True)


def test_a_bad_file_is_refused_as_a_whole_with_all_reasons(priced):
    bad = (
        '[[price]]\nsku = "NO-SUCH"\nfrom = 2026-12-01T00:00:00\nfen = 380\n'
        '[[price]]\nsku = "ZY-WATER-500"\nfrom = 2026-12-01T00:00:00\nfen = 0\n'
        '[[promotion]]\nid = "p"\nkind = "TIME_OF_DAY"\npercent = 100\n'
    )
    with pytest.raises(ConfigError) as error:
        load_outfit(priced(bad), environ={})
    said = "\n".join(error.value.problems)
    for part in ("no such product", "0 fen", "percent = 100", "needs hours", "prices.toml: "):
        assert part in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('kind = "HALF_PRICE"', "kind"),
        ('kind = "TIME_OF_DAY"\nhours = "9-12"', "hours"),
        ('kind = "TIME_OF_DAY"\nhours = "09:00-24:00"', "hours"),
        ('kind = "LIMITED_TIME"\nweekdays = ["MO"]', "weekdays"),
        ('kind = "LIMITED_TIME"\nuntil = 2026-12-01T00:00:00', "until"),
        ('kind = "FULL_REDUCTION"\nsteps = [{ over = 1 }]', "over"),
    ],
)
def test_what_does_not_fit_its_place_is_named(tmp_path, line, said):
    path = tmp_path / "prices.toml"
    path.write_text(f'[[promotion]]\nid = "p"\n{line}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_prices(path, KNOWN)


def test_a_settings_file_that_names_no_prices_file_there_is_says_so(priced):
    settings = priced(GOOD)
    settings.with_name("prices.toml").unlink()
    with pytest.raises(ConfigError, match=r"prices\.toml: there is no such file"):
        load_outfit(settings, environ={})
