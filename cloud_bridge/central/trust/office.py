"""The authority's directory and its acts: make, enrol, renew, revoke. It opens no connection.

Holds ``ca.key`` (0600), ``ca.crt``, ``ca.crl`` and ``pki.db``. Time and chance are arguments. Whoever may
read ``ca.key`` can make counters up: the directory is the centre's alone.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_bridge import enrolment as codes
from cloud_bridge.central.settings import Settings
from cloud_bridge.central.trust import authority as x
from cloud_bridge.central.trust.registry import Entries, Issued, Registry
from cloud_bridge.feed import COUNTER_ID
from edge.errors import BadInput, CannotCreate, ConfigError, CounterError, NoInput

CA_KEY, CA, CRL, REGISTRY = "ca.key", "ca.crt", "ca.crl", "pki.db"
CODE_LIFE = timedelta(hours=24)
TRIES, TRIES_WITHIN_S = 10, 900
"""Failed tries of one address before it has to wait, and what a try is counted for."""
TOOL_LIFE = timedelta(minutes=10)
"""Of certificates that the centre makes for a moment, to cut a session or to probe the broker."""


class Refused(CounterError):
    """No certificate for this request. code: stable, for programs; status: of the HTTP answer."""

    exit_code = 77

    def __init__(self, code: str, why: str, status: int = 403) -> None:
        super().__init__(why)
        self.code, self.status = code, status


@dataclass(frozen=True, slots=True)
class Papers:
    """A certificate with its key, both PEM."""

    certificate: bytes
    key: bytes


class Office:
    """random: gives so many random bytes."""

    def __init__(self, place: Path, random: Callable[[int], bytes]) -> None:
        self.place, self._random = place, random
        self._registry = Registry(place / REGISTRY)
        self._authority: x.Authority | None = None

    # --- the authority ----------------------------------------------------------------------------
    def make(self, now: datetime) -> None:
        """A new authority. Raises CannotCreate where there is one: its counters would all be strangers."""
        if (self.place / CA_KEY).exists():
            raise CannotCreate(f"{self.place / CA_KEY}: there is an authority already; it is never replaced")
        made = x.new_authority(now)
        try:
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._registry.make()
            written(self.place / CA, x.pem_of(made.certificate))
            written(self.place / CRL, x.revocation_list(made, [], now))
            written(self.place / CA_KEY, x.key_pem(made.key), mode=0o600)  # last: with it, all is there
        except OSError as error:
            raise CannotCreate(f"{self.place}: {error}; give a directory this user may write") from error

    @property
    def authority(self) -> x.Authority:
        """Raises NoInput where none was made, ConfigError where its files cannot be used."""
        if self._authority is None:
            self._authority = self._read()
        return self._authority

    def _read(self) -> x.Authority:
        path = self.place / CA_KEY
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigError(f"{path}: others may read the authority's key; chmod 600 it")
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate((self.place / CA).read_bytes())
        except FileNotFoundError as error:
            raise NoInput(
                f"{error.filename}: no authority here; make one with `counter-central ca init`"
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path}: {error}; put it back from the backup") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigError(f"{path}: a key of another kind than EC; put it back from the backup")
        return x.Authority(key, certificate)

    def signature(self, text: bytes) -> bytes:
        """The authority's word for ``text``: what a counter with a code can check."""
        return self.authority.key.sign(text, ec.ECDSA(hashes.SHA256()))

    # --- certificates of our own -------------------------------------------------------------------
    def worker(self, name: str, now: datetime) -> Papers:
        """For a worker of the centre. Raises BadInput where a counter has this name."""
        return self._client(name, "worker", now, x.CLIENT_LIFE)

    def tool(self, name: str, role: str, now: datetime) -> Papers:
        """For a moment: ``cut`` connects under a counter's name, ``probe`` under none."""
        return self._client(name, role, now, TOOL_LIFE)

    def _client(self, name: str, role: str, now: datetime, life: timedelta) -> Papers:
        key = x.new_key()
        with self._registry.transaction() as entries:
            if role == "worker":
                _free_of(entries, name, "counter")
            made = x.client_certificate(self.authority, name, key.public_key(), now, life)
            entries.add_certificate(_issued(made, name, role))
        return Papers(x.pem_of(made), x.key_pem(key))

    def server(self, hosts: Sequence[str], now: datetime) -> Papers:
        """For the broker."""
        key = x.new_key()
        with self._registry.transaction() as entries:
            made = x.server_certificate(self.authority, hosts, key.public_key(), now)
            entries.add_certificate(_issued(made, hosts[0], "server"))
        return Papers(x.pem_of(made), x.key_pem(key))

    # --- counters -----------------------------------------------------------------------------------
    def code(self, counter: str, now: datetime, life: timedelta = CODE_LIFE) -> str:
        """A new one-time code for ``counter``. Raises BadInput where it cannot be a counter's id."""
        if not COUNTER_ID.fullmatch(counter):
            raise BadInput(f"{counter!r} is no counter's id: 1 to 24 letters, digits or hyphens, like AK-001")
        code = codes.code_of(self._random(codes.PART_BYTES), x.fingerprint(self.authority.certificate))
        with self._registry.transaction() as entries:
            _free_of(entries, counter, "worker")
            entries.add_code(codes.hash_of(code), counter, _s(now), _s(now + life))
        return code

    def enrol(self, code: str, csr: bytes, source: str, now: datetime) -> tuple[str, bytes]:
        """The counter's id and its certificate. Raises Refused; a refusal counts against ``source``.

        The same code with the same key gives the same certificate again: an answer may get lost.
        """
        with self._registry.transaction() as entries:
            if entries.failures(source, _s(now) - TRIES_WITHIN_S) >= TRIES:
                raise Refused("TOO_MANY_TRIES", "too many failed tries; wait a quarter of an hour", 429)
        try:
            with self._registry.transaction() as entries:
                return self._enrolled(entries, code, csr, now)
        except (Refused, BadInput) as error:
            with self._registry.transaction() as entries:
                entries.add_failure(source, _s(now))
            raise error if isinstance(error, Refused) else Refused("BAD_REQUEST", str(error), 422) from error

    def _enrolled(self, entries: Entries, code: str, csr: bytes, now: datetime) -> tuple[str, bytes]:
        hash, (name, key) = codes.hash_of(code), x.requested(csr)
        found = entries.code(hash)
        if found is None:
            raise Refused("UNKNOWN_CODE", "no such code; ask the centre for a new one")
        key_hash = _key_hash(key)
        if found.used_at is not None:
            first = entries.certificate(found.serial) if found.serial else None
            if first is None or not hmac.compare_digest(found.csr_hash or "", key_hash) or first.revoked_at:
                raise Refused("CODE_USED", "this code was used before; ask the centre for a new one", 409)
            return found.counter, first.pem.encode()
        if _s(now) >= found.expires:
            raise Refused("CODE_EXPIRED", "this code has expired; ask the centre for a new one", 410)
        if name != found.counter:
            raise Refused("WRONG_NAME", "this code is for another counter; check [counter] id")
        made = x.client_certificate(self.authority, name, key, now, x.CLIENT_LIFE)
        issued = _issued(made, name, "counter")
        entries.add_certificate(issued)
        entries.use_code(hash, _s(now), key_hash, issued.serial)
        return name, issued.pem.encode()

    def renew(self, certificate: bytes, csr: bytes, signature: bytes, now: datetime) -> tuple[str, bytes]:
        """A new certificate for whoever holds the key of a good one. Raises Refused.

        signature: ECDSA over the CSR with the key of ``certificate``.
        """
        try:
            old = x509.load_pem_x509_certificate(certificate)
            name, key = x.requested(csr)
        except (ValueError, BadInput) as error:
            raise Refused("BAD_REQUEST", str(error), 422) from error
        if not x.issued_by(self.authority, old):
            raise Refused("FOREIGN", "this certificate is not of this centre; enrol anew")
        try:
            holder = old.public_key()
            if not isinstance(holder, ec.EllipticCurvePublicKey):
                raise Refused("FOREIGN", "this certificate is not of this centre; enrol anew")
            holder.verify(signature, csr, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise Refused("SIGNATURE", "the request is not signed with the certificate's key") from error
        if now >= old.not_valid_after_utc:
            raise Refused("EXPIRED", "this certificate has expired; enrol anew", 410)
        with self._registry.transaction() as entries:
            known = entries.certificate(_serial(old))
            if known is None or known.role != "counter" or known.revoked_at is not None:
                raise Refused("REVOKED", "this certificate was revoked; enrol anew")
            if name != known.name:
                raise Refused("WRONG_NAME", "this certificate is another counter's")
            made = x.client_certificate(self.authority, name, key, now, x.CLIENT_LIFE)
            entries.add_certificate(_issued(made, name, "counter"))
        return name, x.pem_of(made)

    # --- taking it back -----------------------------------------------------------------------------
    def revoke(self, name: str, reason: str, now: datetime) -> list[Issued]:
        """All of ``name``'s certificates and codes are worth nothing; the CRL says so. Gives the former.

        Raises NoInput where ``name`` has none.
        """
        with self._registry.transaction() as entries:
            mine = [each for each in entries.certificates(name) if each.role != "cut"]
            if not mine:
                raise NoInput(f"{name}: no certificate was given out under this name; see `ca list`")
            for each in mine:
                entries.revoke(each.serial, _s(now), reason)
            entries.drop_codes(name)
        self.write_crl(now)
        return mine

    def write_crl(self, now: datetime) -> None:
        """ca.crl anew, from what was revoked; what has expired by itself is left out."""
        with self._registry.transaction() as entries:
            revoked = [
                (int(each.serial, 16), datetime.fromtimestamp(each.revoked_at, UTC))
                for each in entries.certificates()
                if each.revoked_at is not None and each.not_after > _s(now)
            ]
        written(self.place / CRL, x.revocation_list(self.authority, revoked, now))

    def issued(self) -> list[Issued]:
        with self._registry.transaction() as entries:
            return entries.certificates()


def office_of(settings: Settings, directory: Path | None) -> Office:
    """The authority that the settings name, else that beside the centre's data, in ``directory``."""
    if settings.trust.dir:
        return Office(Path(settings.trust.dir), secrets.token_bytes)
    return Office((directory or Path(settings.database.path).parent) / "pki", secrets.token_bytes)


def written(path: Path, body: bytes, mode: int = 0o644) -> None:
    """Put ``body`` there whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(body)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)


def _issued(made: x509.Certificate, name: str, role: str) -> Issued:
    begin, end = made.not_valid_before_utc + x.BACKDATED, made.not_valid_after_utc
    return Issued(_serial(made), name, role, _s(begin), _s(end), x.pem_of(made).decode(), None, None)


def _serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


def _key_hash(key: ec.EllipticCurvePublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(raw).hexdigest()


def _free_of(entries: Entries, name: str, role: str) -> None:
    """A worker may say what no counter may: one name is never both."""
    if entries.certificates(name, role):
        raise BadInput(f"{name} is the name of a {role}; choose another one")


def _s(at: datetime) -> int:
    return int(at.timestamp())
