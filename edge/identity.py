"""Who this counter is to the centre: its key, its certificate, and how it gets them. It opens no broker.

Everything lies in ``DATA/identity``; the key is made here and never leaves it. What the centre answers is
believed only if the authority signed it whose fingerprint the code carries.
"""

import http.client
import json
import os
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloud_bridge import enrolment as said
from edge.errors import BadInput, CannotCreate, ConfigError, NoInput, NotPermitted, Unavailable

PLACE = "identity"
KEY, CERTIFICATE, CA, CENTRE = "counter.key", "counter.crt", "ca.crt", "centre.json"
RENEW_BEFORE = timedelta(days=60)
PATIENCE_S = 10.0
MOST_BYTES = 64 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Post = Callable[[str, bytes], bytes]
"""post(path, body) → the answer's body. Raises Unavailable or NotPermitted."""


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of the centre that enrolled this counter."""

    centre: str
    counter: str
    broker: said.Broker
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The directory. Every method leaves it whole: a kill between leaves the old one."""

    place: Path

    def is_there(self) -> bool:
        return (self.place / KEY).exists()

    def centre(self) -> Centre:
        """Raises NoInput where the counter was never enrolled, ConfigError on a damaged file."""
        path = self.place / CENTRE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Centre)
        except FileNotFoundError as error:
            raise NoInput(f"{path}: never enrolled; ask the centre for a code: counter enrol") from error
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"{path}: {error}; enrol again with a new code") from error

    def ends(self) -> datetime:
        """Until when the certificate is good. Raises as ``centre``."""
        return self._certificate().not_valid_after_utc

    def _certificate(self) -> x509.Certificate:
        path = self.place / CERTIFICATE
        try:
            return x509.load_pem_x509_certificate(path.read_bytes())
        except FileNotFoundError as error:
            raise NoInput(f"{path}: never enrolled; ask the centre for a code: counter enrol") from error
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: {error}; enrol again with a new code") from error

    def enrol(self, counter: str, code: str, url: str, post: Post) -> Centre:
        """A key, a request and the centre's answer.

        Raises BadInput, NotPermitted, Unavailable, CannotCreate.
        """
        said.hash_of(code)  # a mistyped code is told before anything is asked
        key = self._key_in_the_making()
        csr = _request(counter, key)
        asked = said.Enrol(code=code, csr=csr.decode())
        sealed = msgspec.json.encode(asked)
        bundle = opened(post(said.ENROL, sealed), lambda ca: said.vouches_for(code, fingerprint(ca)))
        return self._keep(bundle, counter, key, url)

    def renew(self, post: Post) -> Centre:
        """A new key and certificate by the old ones. Raises as ``enrol``, NoInput where there are none."""
        known, old = self.centre(), self._certificate()
        with suppress(FileNotFoundError):
            (self.place / f".{KEY}.new").unlink()
        key = self._key_in_the_making()
        csr = _request(known.counter, key)
        signature = self._old_key().sign(csr, ec.ECDSA(hashes.SHA256()))
        pem = old.public_bytes(serialization.Encoding.PEM).decode()
        asked = said.Renew(certificate=pem, csr=csr.decode(), signature=signature)
        pinned = (self.place / CA).read_bytes()
        same = fingerprint(x509.load_pem_x509_certificate(pinned))
        bundle = opened(post(said.RENEW, msgspec.json.encode(asked)), lambda ca: fingerprint(ca) == same)
        return self._keep(bundle, known.counter, key, known.centre)

    def _old_key(self) -> ec.EllipticCurvePrivateKey:
        return _private(self.place / KEY)

    def _key_in_the_making(self) -> ec.EllipticCurvePrivateKey:
        """Kept until the answer is here: an answer that got lost is given again to this key alone."""
        path = self.place / f".{KEY}.new"
        if path.exists():
            return _private(path)
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                os.fsync(file.fileno())
        except OSError as error:
            raise CannotCreate(f"{path}: {error}; run as the counter's user") from error
        return key

    def _keep(self, bundle: said.Bundle, counter: str, key: ec.EllipticCurvePrivateKey, url: str) -> Centre:
        certificate = x509.load_pem_x509_certificate(bundle.certificate.encode())
        if bundle.counter != counter or certificate.public_key() != key.public_key():
            raise BadInput("the centre's answer holds another counter's certificate; tell the centre")
        known = Centre(centre=url, counter=counter, broker=bundle.broker, commands=bundle.commands)
        try:
            self._put(CENTRE, msgspec.json.encode(known))
            self._put(CA, bundle.ca.encode())
            self._put(CERTIFICATE, bundle.certificate.encode())
            (self.place / f".{KEY}.new").replace(self.place / KEY)
        except OSError as error:
            raise CannotCreate(f"{self.place}: {error}; enrol again with a new code") from error
        return known

    def _put(self, name: str, body: bytes) -> None:
        draft = self.place / f".{name}.new"
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.place / name)


def opened(answer: bytes, is_ours: Callable[[x509.Certificate], bool]) -> said.Bundle:
    """What the centre gives, if the authority that ``is_ours`` signed it. Raises BadInput."""
    try:
        sealed = msgspec.json.decode(answer, type=said.Sealed)
        bundle = msgspec.json.decode(sealed.bundle, type=said.Bundle)
        ca = x509.load_pem_x509_certificate(bundle.ca.encode())
        certificate = x509.load_pem_x509_certificate(bundle.certificate.encode())
        certificate.verify_directly_issued_by(ca)
    except (msgspec.DecodeError, ValueError, TypeError, InvalidSignature) as error:
        raise BadInput(f"this is no answer of a centre ({error}); check --centre") from error
    key = ca.public_key()
    if not is_ours(ca) or not isinstance(key, ec.EllipticCurvePublicKey):
        raise BadInput(
            "whoever answered is not the centre that gave the code; tell the centre, use no other code"
        )
    try:
        key.verify(sealed.signature, sealed.bundle, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise BadInput("the centre's answer was altered on its way; tell the centre") from error
    return bundle


def fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())


def poster(url: str, ca: Path | None = None, *, plain: bool = False, unchecked: bool = False) -> Post:
    """How to ask the centre at ``url``. Raises BadInput on an address that a code must not be sent to.

    plain: HTTP to another machine is meant. unchecked: whoever answers proves himself by what he signs.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise BadInput(f"{url!r} is no address of a centre, like https://centre.example")
    if not secure and host not in LOOPBACK and not plain:
        raise BadInput(f"{url}: a code is sent over https only; --plain-http in a network of your own")

    def post(path: str, body: bytes) -> bytes:
        try:
            with closing(_connection(parts.hostname or "", parts.port, secure, ca, unchecked)) as line:
                headers = {"content-type": "application/json"}
                line.request("POST", parts.path.rstrip("/") + path, body, headers)
                answer = line.getresponse()
                text = answer.read(MOST_BYTES)
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(
                f"{url}: {error.verify_message}; give the centre's authority with --ca"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{url}: {error}; is the centre running, and the address right?") from error
        if answer.status != 200:
            raise NotPermitted(f"{url}: {_detail(text)} (HTTP {answer.status})")
        return text

    return post


def _connection(
    host: str, port: int | None, secure: bool, ca: Path | None, unchecked: bool
) -> http.client.HTTPConnection:
    if not secure:
        return http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    context = ssl.create_default_context(cafile=str(ca) if ca else None)
    if unchecked:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=PATIENCE_S, context=context)


def _detail(text: bytes) -> str:
    try:
        return str(json.loads(text)["detail"])[:200]
    except (ValueError, KeyError, TypeError):
        return "the centre refused"


def _request(counter: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, counter)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM)


def _private(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: {error}; enrol again with a new code") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{path}: not a key of ours; enrol again with a new code")
    return key
