"""X.509 as this fleet uses it: EC P-256, one name a certificate. Pure: keys and times are arguments.

It reads and writes no file and remembers nothing (``registry``). What a CSR wishes for beyond its key and
its name is left out: who may what is decided here, not by who asks.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.errors import BadInput

CA_LIFE = timedelta(days=3650)
CLIENT_LIFE = timedelta(days=365)
SERVER_LIFE = timedelta(days=825)
"""Longer ones are refused by some systems' TLS, private authorities included."""
BACKDATED = timedelta(hours=1)
"""A counter's clock may be behind the centre's by so much."""
MAX_CSR_BYTES = 4096

PrivateKey = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """The key that everything else hangs on, and the certificate that counters and broker pin."""

    key: PrivateKey
    certificate: x509.Certificate


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(now: datetime) -> Authority:
    """A new root. It signs certificates of clients and servers and nothing below itself."""
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smart counter authority")])
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(key, builder.sign(key, hashes.SHA256()))


def client_certificate(
    authority: Authority, name: str, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.Certificate:
    """For whoever connects as ``name``: a counter, a worker."""
    builder = _leaf(authority, name, key, now, life).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    return builder.sign(authority.key, hashes.SHA256())


def server_certificate(
    authority: Authority, hosts: Sequence[str], key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    """For the broker reached under ``hosts``: names or addresses, at least one."""
    builder = (
        _leaf(authority, hosts[0], key, now, SERVER_LIFE)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(each) for each in hosts]), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def revocation_list(authority: Authority, revoked: Iterable[tuple[int, datetime]], now: datetime) -> bytes:
    """The CRL as PEM. It ends with the authority: a list that had lapsed would shut everybody out."""
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=authority.certificate.subject,
        last_update=now - BACKDATED,
        next_update=authority.certificate.not_valid_after_utc,
    )
    for serial, at in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
        builder = builder.add_revoked_certificate(entry)
    builder = builder.add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    builder = builder.add_extension(_issuer_key(authority), critical=False)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def requested(pem: bytes) -> tuple[str, ec.EllipticCurvePublicKey]:
    """The name and the key that a CSR asks a certificate for. Raises BadInput."""
    if len(pem) > MAX_CSR_BYTES:
        raise BadInput(f"the CSR has {len(pem)} bytes, at most {MAX_CSR_BYTES} are read")
    try:
        csr = x509.load_pem_x509_csr(pem)
        key, signed = csr.public_key(), csr.is_signature_valid
        names = [str(each.value) for each in csr.subject]
        only_common = [each.oid for each in csr.subject] == [NameOID.COMMON_NAME]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(f"not a certificate signing request: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadInput("the CSR's key is not of the curve P-256")
    if not signed:
        raise BadInput("the CSR is not signed with its own key")
    if not only_common:
        raise BadInput("the CSR's subject must be the common name alone")
    return names[0], key


def common_name(certificate: x509.Certificate) -> str:
    """The one name in ``certificate``; "" where there is not exactly one."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def issued_by(authority: Authority, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _leaf(
    authority: Authority, name: str, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    end = min(now + life, authority.certificate.not_valid_after_utc)
    return (
        x509.CertificateBuilder(
            issuer_name=authority.certificate.subject,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            public_key=key,
        )
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_issuer_key(authority), critical=False)
    )


def _issuer_key(authority: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
