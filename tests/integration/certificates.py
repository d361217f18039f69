# SPDX-License-Identifier: Apache-2.0
"""A private authority, and certificates right and wrong in one way each."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """Signs certificates; its own stands in `bundle`."""

    def __init__(self, folder, name="Test authority"):
        self._folder = folder
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            )
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = folder / f"{name}.pem"
        self.bundle.write_bytes(_pem(self._certificate))

    def context(self, host, *, expired=False, self_signed=False):
        """Return what a server needs to be `host`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self.file(host, expired=expired, self_signed=self_signed)
        )
        return context

    def context_that_asks(self, host):
        """Return the same for a server that lets in who shows a certificate of ours."""
        context = self.context(host)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.bundle)
        return context

    def file(self, host, **options):
        """Return a file with what `pair` returns."""
        certificate, key = self.pair(host, **options)
        number = x509.load_pem_x509_certificate(certificate.encode()).serial_number
        file = self._folder / f"{host}-{number}.pem"
        file.write_text(certificate + key)
        return file

    def pair(self, host, *, expired=False, self_signed=False):
        """Return a certificate for `host` and its key, in PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = _named(host) if self_signed else self._name
        certificate = (
            _builder(_named(host), issuer, key, days_ago=30, days=1 if expired else 60)
            .add_extension(
                x509.SubjectAlternativeName([_subject(host)]), critical=False
            )
            .sign(key if self_signed else self._key, hashes.SHA256())
        )
        return _pem(certificate).decode(), _private(key).decode()


def _builder(subject, issuer, key, *, days_ago=1, days=60):
    begin = datetime.now(UTC) - days_ago * DAY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + days * DAY)
    )


def _subject(host):
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
