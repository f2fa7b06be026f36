"""A counter gets its certificate from the centre, and believes what is signed alone."""

import json
import secrets
import stat
from types import SimpleNamespace

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cloud_bridge import enrolment as said
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.commanding_keys import make_key
from cloud_bridge.central.store import Store
from cloud_bridge.central.trust.office import Office
from cloud_bridge.central.trust.web import Counterside
from cloud_bridge.signed import public_text
from edge.cli import main
from edge.errors import BadInput, NotPermitted
from edge.identity import Identity, poster

BROKER = said.Broker(host="broker.example", port=8883)


@pytest.fixture
def centre(office, tmp_path, people):
    """.client (HTTP), .post as a counter asks, .office, .key."""
    Store(tmp_path / "central.db").close()
    key = make_key(tmp_path / "command.key")
    side = Counterside(office, tmp_path / "command.key", BROKER, people.now)
    site = Site(tmp_path / "central.db", lambda: True, more=side.routes())
    web = Web(site, "127.0.0.1", 0)
    with httpx.Client(base_url=web.start()) as client:

        def post(path, body):
            answer = client.post(path, content=body)
            if answer.status_code != 200:
                raise NotPermitted(answer.json()["code"])
            return answer.content

        yield SimpleNamespace(client=client, post=post, office=office, key=key)
    web.stop()


@pytest.fixture
def identity(tmp_path):
    return Identity(tmp_path / "data" / "identity")


def test_a_code_brings_key_certificate_authority_broker_and_the_key_of_orders(centre, identity, people):
    code = centre.office.code("AK-001", people.now())
    known = identity.enrol("AK-001", code, "https://centre.example", centre.post)
    assert (known.counter, known.broker, known.centre) == ("AK-001", BROKER, "https://centre.example")
    assert known.commands == (public_text(centre.key.public_key()),)
    certificate = x509.load_pem_x509_certificate((identity.place / "counter.crt").read_bytes())
    key = serialization.load_pem_private_key((identity.place / "counter.key").read_bytes(), None)
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(
        x509.load_pem_x509_certificate((identity.place / "ca.crt").read_bytes())
    )
    assert stat.S_IMODE((identity.place / "counter.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(identity.place.stat().st_mode) == 0o700
    assert not list(identity.place.glob(".*"))


def test_the_private_key_is_in_nothing_that_is_sent(centre, identity, people):
    sent = []

    def post(path, body):
        sent.append(body)
        return centre.post(path, body)

    identity.enrol("AK-001", centre.office.code("AK-001", people.now()), "https://c", post)
    identity.renew(post)
    assert len(sent) == 2
    assert all(b"PRIVATE" not in body for body in sent)


def test_an_answer_that_got_lost_is_given_again(centre, identity, people):
    code = centre.office.code("AK-001", people.now())

    def lost(path, body):
        centre.post(path, body)
        raise OSError("the line went dead")

    with pytest.raises(OSError, match="dead"):
        identity.enrol("AK-001", code, "https://c", lost)
    assert not identity.is_there()
    assert identity.enrol("AK-001", code, "https://c", centre.post).counter == "AK-001"
    assert len(centre.office.issued()) == 1


def test_a_false_centre_is_known_by_its_answer(centre, identity, people, tmp_path):
    false = Office(tmp_path / "false", secrets.token_bytes)
    false.make(people.now())

    def caught(path, body):
        asked = msgspec.json.decode(body, type=said.Enrol)
        name = "AK-001"
        with_code = false.enrol(false.code(name, people.now()), asked.csr.encode(), "x", people.now())
        bundle = msgspec.json.encode(
            said.Bundle(
                counter=name,
                certificate=with_code[1].decode(),
                ca=(false.place / "ca.crt").read_text(),
                broker=BROKER,
                commands=(),
            )
        )
        return msgspec.json.encode(said.Sealed(bundle=bundle, signature=false.signature(bundle)))

    with pytest.raises(BadInput, match="not the centre that gave the code"):
        identity.enrol("AK-001", centre.office.code("AK-001", people.now()), "https://c", caught)
    assert not identity.is_there()


def test_an_answer_altered_on_its_way_is_not_believed(centre, identity, people):
    def altered(path, body):
        sealed = msgspec.json.decode(centre.post(path, body), type=said.Sealed)
        bundle = sealed.bundle.replace(b"broker.example", b"broker.elsewhe")
        return msgspec.json.encode(said.Sealed(bundle=bundle, signature=sealed.signature))

    with pytest.raises(BadInput, match="altered"):
        identity.enrol("AK-001", centre.office.code("AK-001", people.now()), "https://c", altered)
    assert not identity.is_there()


def test_a_renewed_counter_has_a_new_key_and_keeps_its_name(centre, identity, people):
    identity.enrol("AK-001", centre.office.code("AK-001", people.now()), "https://c", centre.post)
    before = (identity.place / "counter.key").read_bytes()
    assert identity.renew(centre.post).counter == "AK-001"
    assert (identity.place / "counter.key").read_bytes() != before
    centre.office.revoke("AK-001", "stolen", people.now())
    with pytest.raises(NotPermitted, match="revoked"):
        identity.renew(centre.post)


BODIES = [
    pytest.param(b"", 422, "bad_body", id="nothing"),
    pytest.param(b"[" * 10_000, 422, "bad_body", id="nested"),
    pytest.param(b'{"code":"x","csr":"y","more":1}', 422, "bad_body", id="a field too many"),
    pytest.param(b'{"code":1,"csr":"y"}', 422, "bad_body", id="wrong type"),
    pytest.param(b"\xff\xfe", 422, "bad_body", id="not UTF-8"),
    pytest.param(b'{"code":"x","csr":"y"}', 422, "bad_request", id="no code"),
    pytest.param(b" " * 20_000, 413, "body_too_large", id="too large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
@pytest.mark.parametrize("path", [said.ENROL])
def test_what_is_no_request_is_refused_with_a_code(centre, path, body, status, code):
    answer = centre.client.post(path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert centre.office.issued() == []


def test_the_time_is_signed_for_one_question(centre, people):
    nonce = secrets.token_hex(16)
    answer = centre.client.post(said.TIME, json={"nonce": nonce})
    told = msgspec.json.decode(answer.content, type=said.SignedTime)
    assert abs(told.time - people.now().timestamp()) < 60
    centre.key.public_key().verify(told.signature, said.time_text(nonce, told.time))
    assert centre.client.post(said.TIME, json={"nonce": "x" * 32}).json()["code"] == "bad_nonce"


def test_brokers_elsewhere_fetch_the_list_of_revoked_certificates(centre, people):
    people.enrolled(centre.office, "AK-001")
    centre.office.revoke("AK-001", "stolen", people.now())
    crl = x509.load_pem_x509_crl(centre.client.get(said.REVOKED).content)
    assert len(list(crl)) == 1


@pytest.mark.parametrize("url", ["http://centre.example", "ftp://x", "centre", "https://", "https://x/?a=b"])
def test_a_code_is_sent_to_an_address_over_https_alone(url):
    with pytest.raises(BadInput):
        poster(url)


def test_the_commands_say_it_all(tmp_path, capsys, people):
    from cloud_bridge.central.cli import main as central

    data = str(tmp_path / "centre")
    assert central(["ca", "init", "--dir", data]) == 0
    assert central(["ca", "init", "--dir", data]) == 73
    capsys.readouterr()
    assert central(["enrol", "AK-001", "--dir", data, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["code"]) == 39
    to = tmp_path / "broker"
    arguments = ["broker-config", "--dir", data, "--to", str(to), "--host", "localhost", "--worker", "w1"]
    assert central(arguments) == 0
    acls = {"counter.acl", "emqx-acl.conf"}
    names = {"mosquitto.conf", *acls, "ca.crt", "ca.crl", "server.crt", "server.key"}
    assert {each.name for each in to.iterdir()} == names
    assert stat.S_IMODE((to / "server.key").stat().st_mode) == 0o600
    assert "user w1" in (to / "counter.acl").read_text()
    assert central(["ca", "worker", "w1", "--to", str(tmp_path / "w1"), "--dir", data]) == 0
    capsys.readouterr()
    assert central(["ca", "list", "--json", "--dir", data]) == 0
    assert {(row["name"], row["role"]) for row in json.loads(capsys.readouterr().out)} == {
        ("localhost", "server"),
        ("w1", "worker"),
    }
    assert central(["revoke", "AK-001", "--offline", "--dir", data]) == 66


def test_a_counter_that_has_a_certificate_is_not_enrolled_by_mistake(tmp_path, capsys, sample):
    place = tmp_path / "identity"
    place.mkdir()
    (place / "counter.key").write_text("kept")
    asks = [
        "enrol",
        "--config",
        sample,
        "--set",
        f"files.data={tmp_path}",
        "--centre",
        "https://c",
        "--code",
        "x",
    ]
    assert main(asks) == 73
    assert "--again" in capsys.readouterr().err
    assert (place / "counter.key").read_text() == "kept"
