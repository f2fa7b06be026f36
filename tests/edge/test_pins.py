"""PINs: the right one and no other, and no account told from a missing one."""

from pathlib import Path

import pytest

from edge import pins
from edge.domain.roster import PinHash
from edge.domain.values import Kind
from edge.outfit.planogram_file import read_roster
from edge.pins import NOBODY, check_pin, hash_pin, new_pin_hash, whose_badge

ROSTER = Path(__file__).parents[2] / "config" / "roster.toml"


def test_scrypt_is_that_of_rfc_7914():
    # RFC 7914 §12, third vector: "pleaseletmein", "SodiumChloride", N 16384, r 8, p 1; first 32 of 64 bytes.
    made = hash_pin("pleaseletmein", salt=b"SodiumChloride")
    assert made.hash.hex() == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"


@pytest.mark.parametrize(
    ("login", "pin", "kind"),
    [
        ("demo-001", "246810", Kind.BUY),
        ("demo-restock", "135790", Kind.RESTOCK),
        ("demo-supplier", "864209", Kind.RESTOCK),
        ("demo-tech", "975310", Kind.SERVICE),
    ],
)
def test_the_sample_accounts_open_with_their_pins(login, pin, kind):
    account = read_roster(ROSTER).accounts[login]
    assert check_pin(pin, account.pin)
    assert not check_pin(pin + "0", account.pin)
    assert not check_pin("", account.pin)
    assert account.kinds == {kind}


def test_two_accounts_with_one_pin_do_not_look_alike():
    first, second = new_pin_hash("246810"), new_pin_hash("246810")
    assert first.hash != second.hash
    assert check_pin("246810", first)
    assert check_pin("246810", second)


def test_an_unknown_account_is_hashed_at_the_same_cost_and_never_right(monkeypatch):
    costs = []
    real = pins.hashlib.scrypt
    monkeypatch.setattr(
        pins.hashlib, "scrypt", lambda *a, **k: costs.append((k["n"], k["r"], k["p"])) or real(*a, **k)
    )
    assert not check_pin("246810", None)
    assert not check_pin("246810", new_pin_hash("1"))
    assert len(set(costs)) == 1
    assert len(costs) == 3  # the unknown account, making the hash, checking it


def test_an_unknown_account_stays_shut_even_if_its_stand_in_matches(monkeypatch):
    matching = PinHash(salt=NOBODY.salt, hash=hash_pin("1", salt=NOBODY.salt).hash)
    monkeypatch.setattr(pins, "NOBODY", matching)
    assert check_pin("1", matching)
    assert not check_pin("1", None)


def test_the_sample_badge_is_the_restockers_and_binds_no_one_else():
    accounts = read_roster(ROSTER).accounts
    badges = {login: account.badge for login, account in accounts.items() if account.badge}
    assert whose_badge("0013579024", badges) == "demo-restock"
    assert whose_badge("0013579025", badges) is None
    assert accounts["demo-restock"].may_handle("S001")
    assert accounts["demo-supplier"].may_handle("S005")
    assert not accounts["demo-supplier"].may_handle("S001")


BADGES = {"a": hash_pin("100001", salt=b"1" * 16), "b": hash_pin("100002", salt=b"1" * 16)}
OTHERS = {**BADGES, "c": hash_pin("100003", salt=b"2" * 16), "d": hash_pin("100002", salt=b"3" * 16)}


@pytest.mark.parametrize(
    ("number", "badges", "whose"),
    [
        pytest.param("100001", BADGES, "a", id="the first"),
        pytest.param("100002", BADGES, "b", id="the second"),
        pytest.param("100003", OTHERS, "c", id="of another salt"),
        pytest.param("100002", OTHERS, None, id="two cards alike"),
        pytest.param("100004", OTHERS, None, id="unknown"),
        pytest.param("100001", {}, None, id="no badges"),
    ],
)
def test_a_badge_is_one_accounts_or_nobodys(number, badges, whose):
    assert whose_badge(number, badges) == whose


def test_badges_of_one_salt_cost_one_hash(monkeypatch):
    calls = []
    real = pins.hashlib.scrypt
    monkeypatch.setattr(pins.hashlib, "scrypt", lambda *a, **k: calls.append(k["salt"]) or real(*a, **k))
    whose_badge("100001", OTHERS)
    assert sorted(calls) == [b"1" * 16, b"2" * 16, b"3" * 16]
    whose_badge("100001", {})
    assert len(calls) == 4  # nobody has a badge: it takes as long
