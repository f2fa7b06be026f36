"""The signing key and the seals it makes: once, for nobody else's eyes, and worth nothing once changed."""

import os

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import BadInput, CannotCreate, ConfigError, NotPermitted
from edge.signing import (
    KEY_FILE,
    Forged,
    Payload,
    Signer,
    digest,
    key_name,
    key_of,
    key_text,
    open_signer,
    verified,
)

PAYLOAD = Payload(
    kind="restock",
    counter="AK-001",
    number="AK-001-R-17",
    digest=digest(b"all of it"),
    totals={"measured": 16},
)
# RFC 8032, 7.1, test 2: secret key, public key, message, signature.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNED = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def known_signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET)))


def test_signatures_are_those_of_the_standard():
    assert known_signer().public_key.hex() == PUBLIC
    assert known_signer().sign(b"\x72").hex() == SIGNED


def test_the_key_is_made_once_for_its_owner_alone(tmp_path):
    data = tmp_path / "data"
    first = open_signer(data)
    assert open_signer(data).public_key == first.public_key
    assert [each.name for each in data.iterdir()] == [KEY_FILE], "no half-made file is left"
    assert (data / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_key_that_another_process_made_meanwhile_is_kept(tmp_path, monkeypatch):
    other = tmp_path / "other"
    theirs = open_signer(other).public_key
    really = os.link

    def late(part, path):
        really(other / KEY_FILE, path)
        really(part, path)

    monkeypatch.setattr(os, "link", late)
    assert open_signer(tmp_path / "data").public_key == theirs
    assert [each.name for each in (tmp_path / "data").iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path, mode):
    open_signer(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(NotPermitted, match=rf"mode {mode:04o}.*chmod 600"):
        open_signer(tmp_path)


def other_kind() -> bytes:
    return generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("body", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 64, other_kind()])
def test_a_damaged_key_is_said_and_never_replaced(tmp_path, body):
    path = tmp_path / KEY_FILE
    path.write_bytes(body)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"signing\.key: the signing key is .*backup"):
        open_signer(tmp_path)
    assert path.read_bytes() == body


def test_where_no_key_can_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCreate, match="cannot be made"):
        open_signer(tmp_path / "file" / "data")


def test_a_seal_gives_back_what_was_sealed():
    seal = known_signer().seal(PAYLOAD)
    assert seal == known_signer().seal(msgspec.structs.replace(PAYLOAD)), "the same payload, the same text"
    assert verified(f" {seal}\n", bytes.fromhex(PUBLIC)) == PAYLOAD


def test_a_changed_seal_is_refused_wherever_it_was_changed():
    seal = known_signer().seal(PAYLOAD)
    for place, char in enumerate(seal):
        for other in "A_" if char not in "A_" else "x":
            changed = seal[:place] + other + seal[place + 1 :]
            with pytest.raises(Forged):
                verified(changed, bytes.fromhex(PUBLIC))


BODY, SIGNATURE = known_signer().seal(PAYLOAD).split(".")[1:]
REFUSED = [
    ("", "no sealed receipt"),
    ("SC2." + BODY + "." + SIGNATURE, "no sealed receipt"),
    ("SC1." + BODY, "no sealed receipt"),
    ("SC1." + BODY + "!." + SIGNATURE, "damaged"),
    ("SC1." + BODY + "." + SIGNATURE + "=", "damaged"),
    ("SC1." + BODY + ".AAAA" + SIGNATURE[4:], "was changed"),
    ("SC1." + BODY[:-4] + "." + SIGNATURE, "was changed"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_a_refusal_says_why(text, said):
    with pytest.raises(Forged, match=said):
        verified(text, bytes.fromhex(PUBLIC))


def test_another_counters_seal_is_refused_naming_the_key():
    other = Signer(Ed25519PrivateKey.generate())
    with pytest.raises(Forged, match=f"not that of key {key_name(bytes.fromhex(PUBLIC))}"):
        verified(other.seal(PAYLOAD), bytes.fromhex(PUBLIC))


def test_public_keys_are_passed_on_as_text():
    text = key_text(bytes.fromhex(PUBLIC))
    assert len(text) == 43
    assert key_of(f"{text}\n") == bytes.fromhex(PUBLIC)
    for wrong in ("", text[:-1], text + "A", "not a key", PUBLIC):
        with pytest.raises(BadInput, match="no public key"):
            key_of(wrong)
