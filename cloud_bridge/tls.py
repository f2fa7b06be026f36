"""TLS of the feed: both sides show certificates, and whoever is refused learns why and what to do.

It knows no MQTT. Where the machine's clock is not to be believed, dates are judged here by the time that the
caller knows, everything else by OpenSSL as ever.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from edge.errors import ConfigError, CounterError

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for."""
OTHERS = 0o077
IDENTITY = "identity"
CA_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.crt", "counter.crt", "counter.key"
"""Names in the counter's data directory, as ``counter enrol`` writes them."""

Judge = Callable[[], Callable[[], datetime] | None]
"""Gives what tells the time that certificates are judged by; None: the machine's clock is right."""

WORDS = {
    9: "the broker's certificate is not valid yet: this machine's clock is slow, or the centre's was fast",
    10: "the broker's certificate has expired: make a new one with `counter-central broker-config`, "
    "unless this machine's clock is fast",
    62: "the broker's certificate is for another host: correct mqtt.host, or make one for this name "
    "with `counter-central broker-config --host`",
    64: "the broker's certificate is for another address: correct mqtt.host, or make one for this address "
    "with `counter-central broker-config --host`",
}
UNKNOWN = (
    "the broker's certificate is not of our authority: a wrong mqtt.host or mqtt.ca, or somebody between"
)
ALERTS = {
    "REVOKED": "the broker says that our certificate was revoked: enrol anew with a code of the centre",
    "CERTIFICATE_EXPIRED": "the broker says that our certificate has expired: enrol anew with a code",
    "UNKNOWN_CA": "the broker does not know who issued our certificate: enrol anew with a code of the centre",
    "CERTIFICATE_REQUIRED": "the broker wants a certificate and got none: set mqtt.certificate and mqtt.key",
    "HANDSHAKE_FAILURE": "the broker wants a certificate and got none: set mqtt.certificate and mqtt.key",
    "BAD_CERTIFICATE": "the broker does not take our certificate: enrol anew with a code of the centre",
    "WRONG_VERSION_NUMBER": "the broker speaks no TLS there: correct mqtt.port, or set mqtt.tls = false",
    "PROTOCOL_VERSION": "the broker speaks no TLS of version 1.2 or newer",
}


@dataclass(frozen=True, slots=True)
class Tls:
    """The files: whom we believe, who we are, and the proof of it."""

    ca: Path
    certificate: Path
    key: Path


class WrongDate(ssl.SSLError):
    """The peer's certificate is not of this day, by the time that we know."""


class _Socket(ssl.SSLSocket):
    """Checks dates where OpenSSL was told not to, and remembers why the peer hung up."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            if isinstance(self.context, Context):
                self.context.check_dates(self.getpeercert(True) or b"")
        except BaseException:
            self.close()  # whoever asked forgets the socket
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if isinstance(self.context, Context):
                self.context.fault = error
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            with suppress(OSError):
                self.recv(1)  # who hung up may have said why before
            raise


class Context(ssl.SSLContext):
    """now: gives the time to judge certificates by; None: the machine's clock is believed.

    fault: why the peer ended the last connection; TLS 1.3 tells of a refused certificate only after the
    handshake. ``now`` is called in the thread that connects and may block there.
    """

    sslsocket_class = _Socket
    now: Callable[[], datetime] | None = None
    authority: x509.Certificate | None = None
    fault: Exception | None = None

    def check_dates(self, der: bytes) -> None:
        """Judge the peer's certificate, where OpenSSL was told not to. Raises WrongDate."""
        if self.now is None:
            return
        try:
            now = self.now()
        except CounterError as error:
            raise WrongDate(0, str(error)) from error
        for certificate in (x509.load_der_x509_certificate(der), self.authority):
            if certificate is None:
                continue
            if now < certificate.not_valid_before_utc:
                raise WrongDate(9, WORDS[9])
            if now > certificate.not_valid_after_utc:
                raise WrongDate(10, WORDS[10])


def context(tls: Tls, now: Callable[[], datetime] | None = None) -> Context:
    """How to connect to the broker: TLS 1.2 or newer, its certificate and host name checked, ours shown.

    Raises ConfigError where a file cannot be used.
    """
    made = Context(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    _key_is_ours_alone(tls.key)
    try:
        made.load_verify_locations(cafile=str(tls.ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"mqtt.ca {tls.ca}: {_said(error)}; `counter enrol` writes it") from error
    try:
        made.load_cert_chain(str(tls.certificate), str(tls.key))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"mqtt.certificate {tls.certificate} with mqtt.key {tls.key}: {_said(error)}; "
            "`counter enrol` writes both"
        ) from error
    if now is not None:
        made.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
        made.now, made.authority = now, x509.load_pem_x509_certificate(tls.ca.read_bytes())
    return made


def why(error: BaseException | None) -> str:
    """A refusal in words that say what to do; ``broker not reachable`` where it was none of TLS."""
    if isinstance(error, WrongDate):
        return str(error.args[1])
    if isinstance(error, ssl.SSLCertVerificationError):
        return WORDS.get(error.verify_code, UNKNOWN)
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "").upper()
        return next((text for part, text in ALERTS.items() if part in reason), f"TLS: {reason or error}")
    if isinstance(error, CounterError):
        return str(error)
    return f"broker not reachable: {error}" if error else "broker not reachable"


def says_revoked(fault: BaseException | None) -> bool:
    """Whether the peer refused because the certificate shown was revoked."""
    return isinstance(fault, ssl.SSLError) and "CERTIFICATE_REVOKED" in (fault.reason or "").upper()


def _key_is_ours_alone(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise ConfigError(f"mqtt.key {key}: {_said(error)}; `counter enrol` writes it") from error
    if mode & OTHERS:
        raise ConfigError(f"mqtt.key {key}: others may read it (mode {mode & 0o777:04o}); chmod 600 it")


def _said(error: Any) -> str:
    return str(getattr(error, "strerror", None) or error)
