"""A certificate authority that lives as long as a world, for mocks under their own names over TLS.

Its key never leaves the process, and its certificate is a file in memory where the system has such
(Linux): a run that is killed leaves no authority behind that anything might trust.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LASTS = dt.timedelta(days=2)
_EARLIER = dt.timedelta(hours=1)  # clocks differ


class Authority:
    """Signs certificates for hosts, and says where its own is to be found."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("evalkit throw-away authority")
        self._certificate = self._own()
        self._contexts: dict[str, ssl.SSLContext] = {}
        pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        self.path, self._forget = _file(pem)

    def close(self) -> None:
        """Forget the certificate."""
        self._forget()

    def context(self, host: str) -> ssl.SSLContext:
        """How to be this host over TLS."""
        if host not in self._contexts:
            self._contexts[host] = self._made(host)
        return self._contexts[host]

    def _own(self) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        key = self._key.public_key()
        return (
            _builder(self._name, self._name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _made(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(_named(host[:64]), self._name, public)
            .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        chain = certificate.public_bytes(serialization.Encoding.PEM)
        path, forget = _file(secret + chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(path)
        finally:
            forget()
        context.set_alpn_protocols(["http/1.1"])
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _LASTS)
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _file(content: bytes) -> tuple[str, Callable[[], None]]:
    """The path of a file with this content, and what removes it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("evalkit")
        os.write(descriptor, content)

        def close() -> None:
            with suppress(OSError):
                os.close(descriptor)

        return f"/proc/{os.getpid()}/fd/{descriptor}", close
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    os.write(descriptor, content)
    os.close(descriptor)
    return path, lambda: Path(path).unlink(missing_ok=True)
