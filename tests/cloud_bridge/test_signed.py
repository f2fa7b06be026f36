"""Commands signed and checked: what is refused, under which code, and that no altered byte ever passes."""

import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc import jws as peer
from joserfc.jwk import OKPKey

from cloud_bridge import signed
from cloud_bridge.commands import BODIES, MAX_COMMAND_BYTES, Command, Resume, TrayOutOfService, Unlock
from cloud_bridge.signed import AHEAD_S, LONGEST_S, Refused, check, sign, trusted

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = trusted([signed.public_text(KEY.public_key())])
COUNTER = "XA-001"
NOW = 1_800_000_000
ULID = "01JZZZZZZZZZZZZZZZZZZZZZZZ"
NONCE = "0123456789abcdef" * 2


def command(body=None, **changes) -> Command:
    values = {
        "id": ULID,
        "aud": COUNTER,
        "nonce": NONCE,
        "issued": NOW - 5,
        "expires": NOW + 55,
        "kind": "unlock",
        "body": msgspec.Raw(msgspec.json.encode(body or Unlock(token="t" * 44, buyer="demo-001"))),
    }
    return Command(**(values | changes))


def checked(jws, *, keys=KEYS, counter=COUNTER, wall=NOW, floor=0, seen=()):
    return check(jws, keys=keys, counter=counter, wall=wall, floor=floor, seen=seen)


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def raw(payload: bytes, header: bytes | None = None, key=KEY) -> str:
    """Any payload and header, truly signed: what a careless or hostile holder of the key could send."""
    head = header or json.dumps({"alg": "Ed25519", "kid": signed.key_id(key.public_key())}).encode()
    text = f"{coded(head)}.{coded(payload)}"
    return f"{text}.{coded(key.sign(text.encode()))}"


def payload(**changes) -> bytes:
    fields = json.loads(msgspec.json.encode(command()))
    return json.dumps({k: v for k, v in (fields | changes).items() if v is not ...}).encode()


def unlock(**body) -> bytes:
    return payload(body={"token": "t", "buyer": "b"} | body)


def header(**changes) -> bytes:
    return json.dumps({"alg": "Ed25519", "kid": KID} | changes).encode()


GOOD = sign(command(), KEY)
KID = signed.key_id(KEY.public_key())
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")


def test_a_command_comes_out_as_it_went_in():
    assert checked(GOOD) == command()
    assert checked(GOOD.encode()) == command()
    assert signed.body_of(command()) == Unlock(token="t" * 44, buyer="demo-001")


PART = {"version": "1", "sha256": "0" * 64, "data": ""}

REFUSED = [
    # the fourteen of the threat table
    ("wrong aud", sign(command(aud="XA-002"), KEY), "AUDIENCE"),
    ("alg none", f"{coded(header(alg='none'))}.{PAYLOAD}.", "ALGORITHM"),
    ("expired", sign(command(issued=NOW - 60, expires=NOW), KEY), "EXPIRED"),
    ("not yet valid", sign(command(issued=NOW + AHEAD_S + 1, expires=NOW + 999), KEY), "NOT_YET_VALID"),
    ("other door", raw(unlock(door="2")), "BODY"),
    ("truncated", GOOD[:-1], "MALFORMED"),
    ("trailing bytes", GOOD + "AAAA", "SIGNATURE"),
    ("trailing newline", GOOD + "\n", "MALFORMED"),
    ("unknown key id", sign(command(), OTHER), "UNKNOWN_KEY"),
    ("bit flip", f"{HEAD}.{coded(payload(nonce='f' * 32))}.{SIGNATURE}", "SIGNATURE"),
    ("oversized", "A" * (MAX_COMMAND_BYTES + 1), "OVERSIZED"),
    ("duplicate keys", raw(payload()[:-1] + b',"aud":"XA-001"}'), "JSON"),
    ("duplicate keys, escaped", raw(payload()[:-1] + b',"\\u0061ud":"XA-001"}'), "JSON"),
    ("duplicate keys in the body", raw(payload().replace(b'"buyer"', b'"token":"x","buyer"')), "JSON"),
    ("NaN", raw(payload(expires=float("nan"))), "JSON"),
    # and more
    ("infinite by its exponent", raw(payload().replace(str(NOW + 55).encode(), b"1e999")), "JSON"),
    ("nothing", "", "MALFORMED"),
    ("two parts", f"{HEAD}.{PAYLOAD}", "MALFORMED"),
    ("four parts", f"{GOOD}.AA", "MALFORMED"),
    ("an empty signature", f"{HEAD}.{PAYLOAD}.", "SIGNATURE"),
    ("padded", f"{HEAD}.{PAYLOAD}.{SIGNATURE}==", "MALFORMED"),
    ("the other alphabet", GOOD[:-4] + "+/+/", "MALFORMED"),
    ("a blank in front", " " + GOOD, "MALFORMED"),
    ("not ASCII", GOOD + "é", "MALFORMED"),
    ("no header", raw(payload(), b"nothing"), "JSON"),
    ("a header that is a list", raw(payload(), b"[]"), "ALGORITHM"),
    ("the older name", raw(payload(), header(alg="EdDSA")), "ALGORITHM"),
    ("HMAC with the public key", raw(payload(), header(alg="HS256")), "ALGORITHM"),
    ("no key id", raw(payload(), b'{"alg":"Ed25519"}'), "MALFORMED"),
    ("a key id that is a number", raw(payload(), header(kid=1)), "UNKNOWN_KEY"),
    ("a key of its own", raw(payload(), header(jwk={})), "MALFORMED"),
    ("a critical extension", raw(payload(), header(crit=["b64"])), "MALFORMED"),
    ("signed by another under our id", raw(payload(), header(), OTHER), "SIGNATURE"),
    ("not UTF-8", raw(b"\xff\xfe"), "JSON"),
    ("nested 10,000 deep", raw(b"[" * 10_000 + b"]" * 10_000), "JSON"),
    ("nested in the body", raw(payload(body=[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]])), "JSON"),
    ("a number of 5,000 digits", raw(b'{"a":' + b"9" * 5000 + b"}"), "JSON"),
    ("a list", raw(b"[]"), "FIELDS"),
    ("an unknown field", raw(payload(shell="rm")), "FIELDS"),
    ("a field missing", raw(payload(nonce=...)), "FIELDS"),
    ("a number as a text", raw(payload(expires=str(NOW + 55))), "FIELDS"),
    ("a fraction", raw(payload(expires=NOW + 0.5)), "FIELDS"),
    ("an id that is none", raw(payload(id="x'; drop table inbox--")), "FIELDS"),
    ("a nonce that is none", raw(payload(nonce="0" * 31)), "FIELDS"),
    ("a nonce with a newline", raw(payload(nonce="0" * 32 + "\n")), "TEXT"),
    ("a newline", raw(unlock(buyer="a\nb")), "TEXT"),
    ("right to left", raw(unlock(buyer="a\u202eb")), "TEXT"),
    ("half a character", raw(unlock(buyer="\ud800")), "TEXT"),
    ("expires before it is issued", sign(command(issued=NOW + 60), KEY), "LIFETIME"),
    ("lives too long", sign(command(expires=NOW + LONGEST_S), KEY), "LIFETIME"),
    ("an unknown kind", raw(payload(kind="shell")), "KIND"),
    ("a body of another kind", raw(payload(kind="resend")), "BODY"),
    ("no body", raw(payload(body=None)), "BODY"),
    ("a buyer that is a list", raw(unlock(buyer=[])), "BODY"),
    ("a buyer of a megabyte is oversized", raw(unlock(buyer="b" * 10**6)), "OVERSIZED"),
    ("a long buyer", raw(unlock(buyer="b" * 65)), "BODY"),
    ("part 2 of 1", raw(payload(kind="roster", body=PART | {"part": 2})), "BODY"),
    ("from 3 to 2", raw(payload(kind="resend", body={"inc": "a", "first": 3, "last": 2})), "BODY"),
    ("a setting that is a path", raw(payload(kind="config", body={"values": {"../etc": 1}})), "BODY"),
]  # fmt: skip


@pytest.mark.parametrize(("jws", "code"), [pytest.param(j, c, id=name) for name, j, c in REFUSED])
def test_it_is_refused_under_its_code(jws, code):
    with pytest.raises(Refused) as refused:
        checked(jws)
    assert refused.value.code == code
    assert code in signed.CODES


def test_an_id_and_a_nonce_serve_once():
    for used, code in ((ULID, "ID_REUSED"), (NONCE, "NONCE_REUSED")):
        with pytest.raises(Refused, match=code):
            checked(GOOD, seen={used})


CLOCKS = [
    pytest.param({"wall": NOW - 5 - AHEAD_S}, None, id="the issuer's clock is a little ahead"),
    pytest.param({"wall": None, "floor": NOW + 54}, None, id="no clock, floor below"),
    pytest.param({"wall": None, "floor": NOW + 55}, "EXPIRED", id="no clock, floor above"),
    pytest.param({"wall": None, "floor": 0}, None, id="no clock is no reason to call it early"),
    pytest.param({"wall": NOW, "floor": NOW + 999}, None, id="a synchronised clock stands above the floor"),
]


@pytest.mark.parametrize(("clock", "code"), CLOCKS)
def test_without_a_clock_the_floor_decides_what_has_expired(clock, code):
    if code is None:
        assert checked(GOOD, **clock) == command()
    else:
        with pytest.raises(Refused, match=code):
            checked(GOOD, **clock)


def test_whoever_trusts_no_key_obeys_nothing():
    with pytest.raises(Refused, match="UNKNOWN_KEY"):
        checked(GOOD, keys=trusted([]))


@pytest.mark.parametrize(
    "text", ["", "abc", coded(bytes(31)), coded(bytes(33)), coded(bytes(32)) + "=", "ä" * 43]
)
def test_a_public_key_that_is_none_is_named(text):
    with pytest.raises(ValueError, match="no Ed25519 public key"):
        trusted([text])


def test_what_is_too_large_is_not_signed():
    with pytest.raises(ValueError, match="the limit is"):
        sign(command(Resume(reason="x" * MAX_COMMAND_BYTES), kind="resume"), KEY)


# --- an independent reader ------------------------------------------------------------------------
PRIVATE = OKPKey.import_key(
    {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": coded(KEY.private_bytes_raw()),
        "x": coded(KEY.public_key().public_bytes_raw()),
    }
)


def test_another_library_reads_what_we_sign():
    found = peer.deserialize_compact(GOOD, PRIVATE, algorithms=["Ed25519"])
    assert found.headers() == {"alg": "Ed25519", "kid": KID}
    assert msgspec.json.decode(found.payload, type=Command) == command()


def test_we_read_what_another_library_signs():
    header = {"alg": "Ed25519", "kid": KID}
    text = peer.serialize_compact(header, payload(), PRIVATE, algorithms=["Ed25519"])
    assert checked(text).id == ULID


# --- properties -----------------------------------------------------------------------------------
@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@example(len(GOOD) - 1, 1)  # the last character has bits that code nothing
def test_no_altered_byte_is_ever_accepted(place, flip):
    wire = bytearray(GOOD.encode())
    wire[place] ^= flip
    with pytest.raises(Refused):
        checked(bytes(wire))


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(max_size=100).map(lambda text: raw(text.encode("utf-8", "replace")).encode())
)
def test_no_bytes_do_more_than_be_refused(wire):
    with pytest.raises(Refused):
        checked(wire)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(BODIES)), JSON)
def test_a_signed_body_is_of_its_kind_or_refused(kind, body):
    found = refused = None
    try:
        found = signed.body_of(checked(raw(payload(kind=kind, body=body))))
    except Refused as error:
        refused = error.code
    assert refused in ("JSON", "TEXT", "BODY") or isinstance(found, BODIES[kind])


def test_a_body_keeps_its_values():
    asked = TrayOutOfService(tray="1-01", out=True, reason="托盘漏水")
    assert signed.body_of(checked(sign(command(asked, kind="tray_out_of_service"), KEY))) == asked
