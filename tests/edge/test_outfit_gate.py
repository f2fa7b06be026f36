"""A planogram to come is judged by papers and policy; one in force is not: no night may stop the counter."""

import re
from datetime import UTC, datetime

import pytest

from edge.errors import ConfigError
from edge.outfit.applied import Applied
from edge.outfit.loading import load_or_kept, load_outfit

LINT_OFF = {"weighing.lint": "off"}  # what goods weigh is no matter here
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
YESTERDAY = "2026-11-22"


@pytest.fixture
def counter(setup, tmp_path, monkeypatch):
    """The sample's settings file; the working directory is ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    return setup / "counter.toml"


def lapse(setup, spoil, sku="ZY-WATER-500"):
    """Last night was the last one of this product's certificate."""
    path = setup / "catalogue.csv"
    (row,) = re.findall(rf"^{sku},.*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    spoil(path, row, row.replace("2027-12-31", YESTERDAY))


def start(counter):
    """As ``counter run`` does it, up to keeping the copies."""
    outfit, refused = load_or_kept(counter, environ={}, flags=LINT_OFF, now=NOW)
    if not refused:
        Applied(outfit.data).keep(outfit.files, outfit.stamps)
    return outfit, refused


def test_a_counter_whose_certificate_lapsed_last_night_starts_and_says_so(counter, setup, spoil):
    start(counter)
    lapse(setup, spoil)
    outfit, refused = start(counter)
    assert refused == ()
    assert outfit.catalogue.products["ZY-WATER-500"].cert_to.isoformat() == YESTERDAY
    assert "tray 1-01: the certificate of ZY-WATER-500 lapsed on 2026-11-22" in outfit.warnings


@pytest.mark.parametrize(
    ("sku", "says"),
    [
        ("X-NOODLE-1KG", "the certificate of X-NOODLE-1KG is EXPIRED"),
        ("X-JELLY-150", "the certificate of X-JELLY-150 is SUSPENDED"),
        ("X-TEACAKE-120", "the certificate of X-TEACAKE-120 is PENDING"),
        ("X-COLA-330", "X-COLA-330 is not certified (certificate NONE), and policy.certified_only is set"),
        ("BH-MG-WINE500", "BH-MG-WINE500 is alcohol, not for an unattended counter"),
        ("SQ-SILK-Q200", "SQ-SILK-Q200 is not fit for a counter (counter_ok = 0)"),
    ],
)
def test_a_new_planogram_with_goods_that_may_not_be_sold_is_refused_and_the_old_one_used(
    counter, setup, spoil, sku, says
):
    first, _ = start(counter)
    spoil(setup / "planogram.toml", 'sku = "PL-TEA-125"\ncapacity = 15\npar = 12\nopening = 10',
          f'sku = "{sku}"\ncapacity = 1\npar = 1\nopening = 1')  # fmt: skip
    outfit, refused = start(counter)
    assert f"{setup / 'planogram.toml'}: tray 1-02: {says}" in refused
    assert outfit.planogram == first.planogram


def test_a_new_planogram_that_still_has_what_lapsed_is_refused(counter, setup, spoil):
    start(counter)
    lapse(setup, spoil)
    spoil(setup / "planogram.toml", 'version = "sample-1"', 'version = "sample-2"')
    _, refused = start(counter)
    assert refused == (
        f"{setup / 'planogram.toml'}: tray 1-01: the certificate of ZY-WATER-500 lapsed on 2026-11-22",
    )


def test_goods_suspended_by_a_new_catalogue_do_not_keep_it_out(counter, setup, spoil):
    start(counter)
    spoil(setup / "catalogue.csv", "0009,ACTIVE", "0009,SUSPENDED")
    outfit, refused = start(counter)
    assert refused == ()
    assert outfit.catalogue.products["ZY-WATER-500"].cert_status == "SUSPENDED"


def test_the_policy_decides_about_uncertified_goods_and_alcohol(counter, setup, spoil):
    spoil(setup / "planogram.toml", 'sku = "PL-TEA-125"\ncapacity = 15\npar = 12\nopening = 10',
          'sku = "X-COLA-330"\ncapacity = 1\npar = 1\nopening = 1')  # fmt: skip
    spoil(setup / "planogram.toml", 'sku = "ZY-TEA-BAG20"\ncapacity = 36\npar = 29\nopening = 12',
          'sku = "BH-MG-WINE500"\ncapacity = 4\npar = 1\nopening = 1')  # fmt: skip
    flags = {
        "policy.certified_only": "false", "policy.certified_ratio_min": "0.9", "policy.alcohol": "true",
        "policy.identity": "unit_staff",
    }  # fmt: skip
    outfit = load_outfit(counter, environ={}, flags=LINT_OFF | flags, now=NOW)
    assert {"X-COLA-330", "BH-MG-WINE500"} <= {facing.sku for facing in outfit.planogram.facings}
    with pytest.raises(
        ConfigError, match=r"X-COLA-330 is not certified, and only 91\.7 % by facings would be"
    ):
        load_outfit(
            counter, environ={}, flags={**LINT_OFF, **flags, "policy.certified_ratio_min": "0.95"}, now=NOW
        )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"policy.alcohol": "true"}, "policy.alcohol needs policy.identity"),
        ({"policy.identity": "unit_staff"}, "no buyer is staff"),
        ({"policy.hours": ["mon-fri 7-20"]}, "policy.hours: 'mon-fri 7-20' must be like"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(counter, setup, flags, says):
    roster = (setup / "roster.toml").read_text(encoding="utf-8")
    (setup / "roster.toml").write_text(roster.replace("staff = true", "staff = false"), encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load_outfit(counter, environ={}, flags=LINT_OFF | flags, now=NOW)


def draft(setup, spoil, apply, version="sample-2"):
    text = (setup / "planogram.toml").read_text(encoding="utf-8")
    text = text.replace('"sample-1"', f'"{version}"\napply = "{apply}"').replace("par = 17", "par = 16", 1)
    (setup / "draft.toml").write_text(text, encoding="utf-8")
    spoil(
        setup / "counter.toml",
        'traces = "traces.toml"',
        'traces = "traces.toml"\nplanogram_draft = "draft.toml"',
    )


def test_a_draft_for_now_is_the_planogram(counter, setup, spoil):
    draft(setup, spoil, "now")
    outfit, _ = start(counter)
    assert (outfit.planogram.version, outfit.draft) == ("sample-2", None)


def test_a_draft_for_the_next_restock_waits(counter, setup, spoil):
    draft(setup, spoil, "next_restock")
    outfit, _ = start(counter)
    assert outfit.planogram.version == "sample-1"
    assert outfit.draft is not None
    assert outfit.draft.version == "sample-2"


@pytest.mark.parametrize("apply", ["now", "next_restock"])
def test_a_draft_goes_through_the_same_checks(counter, setup, spoil, apply):
    draft(setup, spoil, apply)
    spoil(setup / "draft.toml", 'sku = "PL-TEA-125"\ncapacity = 15', 'sku = "X-NOODLE-1KG"\ncapacity = 15')
    with pytest.raises(ConfigError, match=r"draft\.toml: tray 1-02: .* X-NOODLE-1KG is EXPIRED"):
        load_outfit(counter, environ={}, flags=LINT_OFF, now=NOW)


def test_a_draft_needs_a_version_of_its_own_or_nobody_could_tell_whether_it_was_accepted(
    counter, setup, spoil
):
    draft(setup, spoil, "next_restock", version="sample-1")
    with pytest.raises(ConfigError, match="has the version of"):
        load_outfit(counter, environ={}, flags=LINT_OFF, now=NOW)


def test_a_dear_price_and_an_unproven_claim_are_told_and_refuse_nothing(counter, setup, spoil):
    spoil(setup / "catalogue.csv", ",350,3.50,360,", ",400,4.00,360,")
    text = (setup / "catalogue.csv").read_text(encoding="utf-8").splitlines()
    text = [f"{line},{'claims' if n == 0 else '富硒' if n == 9 else ''}" for n, line in enumerate(text)]
    (setup / "catalogue.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    outfit = load_outfit(counter, environ={}, flags=LINT_OFF, now=NOW)
    assert "ZY-WATER-500 costs ¥4.00, more than 10 % above the usual ¥3.60" in outfit.warnings
    assert "ZY-WATER-500 claims 富硒 without a document; it is not shown" in outfit.warnings
    kinder = load_outfit(counter, environ={}, flags={**LINT_OFF, "policy.price_guard_pct": "15"}, now=NOW)
    assert not any("costs" in each for each in kinder.warnings)
