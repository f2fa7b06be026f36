"""Who gets a certificate, for how long, and what takes it back."""

import secrets
import stat
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge import enrolment as codes
from cloud_bridge.central.trust import authority
from cloud_bridge.central.trust.office import TRIES, TRIES_WITHIN_S, Office, Refused
from edge.errors import BadInput, CannotCreate, ConfigError, NoInput

SOURCE = "192.0.2.9"


@pytest.fixture
def ask(office, people):
    """ask(code, csr, seconds=0, source=…) → (counter, PEM)."""

    def ask(code, csr, seconds=0, source=SOURCE):
        return office.enrol(code, csr, source, people.now() + timedelta(seconds=seconds))

    return ask


def test_a_counter_with_a_code_gets_a_certificate_of_its_own_name_for_a_year(office, people, ask):
    csr, _key = people.csr_of("AK-001")
    name, pem = ask(office.code("AK-001", people.now()), csr)
    made = x509.load_pem_x509_certificate(pem)
    assert name == authority.common_name(made) == "AK-001"
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=365, hours=1)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert isinstance(made.public_key().curve, ec.SECP256R1)
    assert authority.issued_by(office.authority, made)


def test_the_centre_keeps_the_hash_of_a_code_and_not_the_code(office, people):
    code = office.code("AK-001", people.now())
    kept = (office.place / "pki.db").read_bytes()
    assert codes.hash_of(code).encode() in kept
    assert code.replace("-", "")[:16].encode() not in kept
    assert code.encode() not in kept


def test_the_files_are_the_centres_alone(office):
    modes = {name: stat.S_IMODE((office.place / name).stat().st_mode) for name in ("ca.key", "pki.db")}
    assert modes == {"ca.key": 0o600, "pki.db": 0o600}
    assert stat.S_IMODE(office.place.stat().st_mode) == 0o700


REFUSED = [
    pytest.param("AK-002", 0, "WRONG_NAME", id="for another counter"),
    pytest.param("AK-001", 24 * 3600, "CODE_EXPIRED", id="a day later"),
]


@pytest.mark.parametrize(("name", "later", "code"), REFUSED)
def test_a_code_is_for_one_counter_and_one_day(office, people, ask, name, later, code):
    with pytest.raises(Refused) as refusal:
        ask(office.code("AK-001", people.now()), people.csr_of(name)[0], later)
    assert refusal.value.code == code
    assert office.issued() == []


def test_a_code_is_used_once_but_a_lost_answer_is_given_again_to_the_same_key(office, people, ask):
    code, (csr, key) = office.code("AK-001", people.now()), people.csr_of("AK-001")
    first = ask(code, csr)
    private = serialization.load_pem_private_key(key, None)
    assert ask(code, people.csr_of("AK-001", private)[0]) == first
    with pytest.raises(Refused) as refusal:
        ask(code, people.csr_of("AK-001")[0])
    assert refusal.value.code == "CODE_USED"
    assert len(office.issued()) == 1


def test_a_new_code_is_the_only_one(office, people, ask):
    old, _new = office.code("AK-001", people.now()), office.code("AK-001", people.now())
    with pytest.raises(Refused) as refusal:
        ask(old, people.csr_of("AK-001")[0])
    assert refusal.value.code == "UNKNOWN_CODE"


def test_who_tries_too_often_has_to_wait_even_with_a_right_code_and_others_do_not(office, people, ask):
    csr = people.csr_of("AK-001")[0]
    code = office.code("AK-001", people.now())
    for _ in range(TRIES):
        with pytest.raises(Refused):
            ask(codes.code_of(secrets.token_bytes(10), bytes(32)), csr)
    with pytest.raises(Refused) as refusal:
        ask(code, csr)
    assert (refusal.value.code, refusal.value.status) == ("TOO_MANY_TRIES", 429)
    other = people.csr_of("AK-002")[0]
    assert ask(office.code("AK-002", people.now()), other, source="192.0.2.10")[0] == "AK-002"
    assert ask(code, csr, seconds=TRIES_WITHIN_S + 1)[0] == "AK-001"


def request(subject, key):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    return authority.pem_of(builder.sign(key, hashes.SHA256()))


def name_of(oid, text):
    return x509.NameAttribute(oid, text)


def bad_requests():
    key, common = authority.new_key(), name_of(NameOID.COMMON_NAME, "AK-001")
    good = request([common], key)
    der = bytearray(x509.load_pem_x509_csr(good).public_bytes(serialization.Encoding.DER))
    der[-8] ^= 1
    spoilt = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    return {
        "not PEM": b"hello",
        "too large": good + b"\n" * 5000,
        "RSA": request([common], rsa.generate_private_key(65537, 2048)),
        "another curve": request([common], ec.generate_private_key(ec.SECP384R1())),
        "no name": request([], key),
        "two names": request([common, common], key),
        "more than a name": request([common, name_of(NameOID.ORGANIZATION_NAME, "x")], key),
        "signed by another key": spoilt,
    }


@pytest.mark.parametrize("kind", list(bad_requests()))
def test_a_request_that_is_none_is_refused_and_the_code_is_still_good(office, people, ask, kind):
    code = office.code("AK-001", people.now())
    with pytest.raises(Refused) as refusal:
        ask(code, bad_requests()[kind])
    assert refusal.value.code == "BAD_REQUEST"
    assert ask(code, people.csr_of("AK-001")[0])[0] == "AK-001"


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "x" * 25, "专柜", "a b", "-a", "a\n"])
def test_no_code_is_given_for_what_cannot_be_a_counter(office, people, name):
    with pytest.raises(BadInput):
        office.code(name, people.now())


def test_a_counter_never_has_a_workers_name_nor_a_worker_a_counters(office, people):
    office.worker("centre-1", people.now())
    with pytest.raises(BadInput, match="worker"):
        office.code("centre-1", people.now())
    people.enrolled(office, "AK-001")
    with pytest.raises(BadInput, match="counter"):
        office.worker("AK-001", people.now())


# --- renewal --------------------------------------------------------------------------------------
@pytest.fixture
def renew(office, people):
    """renew(old papers, name=…, signed_by=…, seconds=…) → (name, PEM)."""

    def renew(old, name="AK-001", signed_by=None, seconds=0):
        csr, _ = people.csr_of(name)
        key = serialization.load_pem_private_key(signed_by or old.key, None)
        signature = key.sign(csr, ec.ECDSA(hashes.SHA256()))
        return office.renew(old.certificate, csr, signature, people.now() + timedelta(seconds=seconds))

    return renew


def test_a_good_certificate_is_renewed_by_its_holder(office, people, renew):
    name, pem = renew(people.enrolled(office, "AK-001"), seconds=300 * 86400)
    made = x509.load_pem_x509_certificate(pem)
    assert name == "AK-001"
    assert made.not_valid_after_utc > people.now() + timedelta(days=600)


def test_a_thief_of_the_certificate_without_its_key_renews_nothing(office, people, renew):
    papers = people.enrolled(office, "AK-001")
    with pytest.raises(Refused) as refusal:
        renew(papers, signed_by=people.csr_of("x")[1])
    assert refusal.value.code == "SIGNATURE"


def test_a_counter_cannot_become_another_one_by_renewing(office, people, renew):
    with pytest.raises(Refused) as refusal:
        renew(people.enrolled(office, "AK-001"), name="AK-002")
    assert refusal.value.code == "WRONG_NAME"


@pytest.mark.parametrize(("days", "revoked", "code"), [(366, False, "EXPIRED"), (1, True, "REVOKED")])
def test_what_has_ended_or_was_revoked_is_not_renewed(office, people, renew, days, revoked, code):
    papers = people.enrolled(office, "AK-001")
    if revoked:
        office.revoke("AK-001", "stolen", people.now())
    with pytest.raises(Refused) as refusal:
        renew(papers, seconds=days * 86400)
    assert refusal.value.code == code


def test_another_authoritys_certificate_is_not_renewed(people, renew, tmp_path):
    foreign = Office(tmp_path / "foreign", secrets.token_bytes)
    foreign.make(people.now())
    with pytest.raises(Refused) as refusal:
        renew(people.enrolled(foreign, "AK-001"))
    assert refusal.value.code == "FOREIGN"


# --- revocation -----------------------------------------------------------------------------------
def test_revoking_lists_all_certificates_of_the_counter_and_burns_its_code(office, people, ask):
    people.enrolled(office, "AK-001")
    people.enrolled(office, "AK-001")
    kept = people.enrolled(office, "AK-002")
    code = office.code("AK-001", people.now())
    assert len(office.revoke("AK-001", "stolen", people.now())) == 2
    crl = x509.load_pem_x509_crl((office.place / "ca.crl").read_bytes())
    assert crl.is_signature_valid(office.authority.certificate.public_key())
    assert len(list(crl)) == 2
    serial = x509.load_pem_x509_certificate(kept.certificate).serial_number
    assert crl.get_revoked_certificate_by_serial_number(serial) is None
    with pytest.raises(Refused):
        ask(code, people.csr_of("AK-001")[0])


def test_the_list_never_lapses_before_the_authority(office):
    crl = x509.load_pem_x509_crl((office.place / "ca.crl").read_bytes())
    assert crl.next_update_utc == office.authority.certificate.not_valid_after_utc


def test_who_has_no_certificate_cannot_be_revoked_by_mistake(office, people):
    with pytest.raises(NoInput, match="AK-009"):
        office.revoke("AK-009", "", people.now())


# --- the directory --------------------------------------------------------------------------------
def test_an_authority_is_never_replaced(office, people):
    with pytest.raises(CannotCreate, match="already"):
        office.make(people.now())


def test_without_an_authority_it_is_said_how_to_make_one(tmp_path, people):
    with pytest.raises(NoInput, match="ca init"):
        Office(tmp_path / "none", secrets.token_bytes).code("AK-001", people.now())


def test_a_key_that_others_may_read_is_not_used(office, people):
    (office.place / "ca.key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Office(office.place, secrets.token_bytes).code("AK-001", people.now())


# --- codes ----------------------------------------------------------------------------------------
@given(st.binary(min_size=10, max_size=10), st.binary(min_size=32, max_size=32))
def test_a_code_survives_being_read_aloud_and_names_its_authority(secret, print_):
    code = codes.code_of(secret, print_)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert codes.hash_of(typed) == codes.hash_of(code)
    assert codes.vouches_for(typed, print_)
    assert not codes.vouches_for(typed, bytes(each ^ 1 for each in print_))


@pytest.mark.parametrize("text", ["", "ABCD", "U" * 32, "0" * 33, "é" * 32])
def test_what_is_no_code_is_refused_in_words(text):
    with pytest.raises(BadInput, match="groups of four"):
        codes.hash_of(text)
