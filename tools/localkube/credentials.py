"""Keys, certificates, tokens and kubeconfigs of one control plane, made new for each."""

import base64
import ipaddress
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK: Final = "127.0.0.1"

_LOOPBACK_NAMES: Final = (x509.IPAddress(ipaddress.ip_address(LOOPBACK)), x509.DNSName("localhost"))
_VALIDITY: Final = timedelta(days=7)
_ADMIN_GROUP: Final = "system:masters"


@dataclass(frozen=True)
class Credentials:
    """Files that the API server is started with, and the admin's token."""

    ca: Path
    server_certificate: Path
    server_key: Path
    service_account_key: Path
    token_file: Path
    admin_token: str
    controller_manager_token: str


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a file that only its owner may read, and return its path."""
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


def create_credentials(folder: Path) -> Credentials:
    """Make a certificate authority, a server certificate for loopback, a signing key and tokens in the folder."""
    folder.mkdir(mode=0o700)
    ca_key, ca = _authority()
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server_certificate(server_key, ca_key, ca)
    admin, controller_manager = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    # Columns: token, user, uid, groups. The controller manager may do everything: what it does is not under test.
    tokens = (
        f'{admin},admin,admin,"{_ADMIN_GROUP}"\n'
        f'{controller_manager},system:kube-controller-manager,controller-manager,"{_ADMIN_GROUP}"\n'
    )
    return Credentials(
        ca=write_private(folder / "ca.crt", _pem(ca)),
        server_certificate=write_private(folder / "server.crt", _pem(server)),
        server_key=write_private(folder / "server.key", _key_pem(server_key)),
        service_account_key=write_private(
            folder / "service-account.key", _key_pem(ec.generate_private_key(ec.SECP256R1()))
        ),
        token_file=write_private(folder / "tokens.csv", tokens),
        admin_token=admin,
        controller_manager_token=controller_manager,
    )


class Issued(NamedTuple):
    """A server's certificate and key, and the authority to trust, as PEM."""

    ca: str
    certificate: str
    key: str


def issue(host: str) -> Issued:
    """Make an authority and a server certificate for a host name."""
    ca_key, ca = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server_certificate(key, ca_key, ca, names=[x509.DNSName(host)])
    return Issued(_pem(ca).decode(), _pem(certificate).decode(), _key_pem(key).decode())


def kubeconfig(*, server: str, ca: Path, token: str, namespace: str = "default") -> str:
    """Return a kubeconfig for one user, with the certificate authority inside."""
    cluster: Mapping[str, object] = {
        "server": server,
        "certificate-authority-data": base64.b64encode(ca.read_bytes()).decode(),
    }
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "localkube", "cluster": cluster}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [
                {"name": "localkube", "context": {"cluster": "localkube", "user": "user", "namespace": namespace}}
            ],
            "current-context": "localkube",
        },
        sort_keys=False,
    )


def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localkube CA")])
    builder = (
        _certificate(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return key, builder.sign(key, hashes.SHA256())


def _server_certificate(
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    *,
    names: Iterable[x509.GeneralName] = _LOOPBACK_NAMES,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localkube server")])
    # Python 3.13 refuses a chain without the two key identifiers.
    builder = (
        _certificate(name, ca.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName(names),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256())


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALIDITY)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
