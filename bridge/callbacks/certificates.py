# SPDX-License-Identifier: Apache-2.0
"""TLS client certificates: checked when they are given, and shown in handshakes."""

import logging
import secrets
import ssl
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from bridge.errors import Invalid
from bridge.model import CertificateAuth

MAX_PEM_CHARS: Final = 64 * 1024
MAX_CONTEXTS: Final = 256
"""So many certificates are kept ready for handshakes."""

_CERTIFICATE: Final = "callback.auth.certificate"
_KEY: Final = "callback.auth.key"

_log: Final = logging.getLogger(__name__)


def check_certificate(auth: CertificateAuth) -> None:
    """Refuse a certificate or a key that is none, or that do not belong together.

    One that is out of its time is only warned of in the log: its owner may be about
    to renew it, and the receiver decides.

    Raises:
        Invalid: Names the field; quotes nothing.
    """
    certificate = _certificates(auth.certificate)[0]
    try:
        fits = _key(auth.key).public_key() == certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(_CERTIFICATE, "has a public key of an unknown kind") from None
    if not fits:
        raise Invalid(_KEY, "is not the key of the (first) certificate")
    try:
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), auth)
    except ssl.SSLError as err:  # OpenSSL may find a key too weak
        reason = (err.reason or "refused").replace("_", " ").lower()
        raise Invalid(_CERTIFICATE, f"cannot be used: {reason}") from None
    _warn(certificate)


def showing(
    new_context: Callable[[], ssl.SSLContext],
) -> Callable[[CertificateAuth], ssl.SSLContext]:
    """Return what gives each certificate the context that shows it; any thread.

    Args:
        new_context: Makes one that shows none.
    """

    @lru_cache(MAX_CONTEXTS)
    def context_for(auth: CertificateAuth) -> ssl.SSLContext:
        context = new_context()
        _load(context, auth)
        return context

    return context_for


def _certificates(pem: str) -> list[x509.Certificate]:
    if len(pem) > MAX_PEM_CHARS:
        raise Invalid(_CERTIFICATE, f"is over {MAX_PEM_CHARS} characters long")
    if "PRIVATE KEY" in pem:  # it would be shown to whoever looks at the listener
        raise Invalid(_CERTIFICATE, "holds a private key too; give that as key")
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise Invalid(
            _CERTIFICATE, "is no certificate in PEM (-----BEGIN CERTIFICATE-----)"
        ) from None


def _key(pem: str) -> PrivateKeyTypes:
    if len(pem) > MAX_PEM_CHARS:
        raise Invalid(_KEY, f"is over {MAX_PEM_CHARS} characters long")
    try:
        return serialization.load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise Invalid(_KEY, "is under a password; give it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(
            _KEY, "is no private key in PEM (-----BEGIN PRIVATE KEY-----)"
        ) from None


def _warn(certificate: x509.Certificate) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= datetime.now(UTC) <= end:
        data = {
            "subject": certificate.subject.rfc4514_string(),
            "valid_from": begin.isoformat(),
            "valid_until": end.isoformat(),
        }
        _log.warning("a client certificate is out of its time", extra=data)


def _load(context: ssl.SSLContext, auth: CertificateAuth) -> None:
    # ssl reads files only. What stands in this one for a moment is under a password
    # that stands nowhere.
    password = secrets.token_bytes(32).hex()
    locked = _key(auth.key).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        for certificate in _certificates(auth.certificate):
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.write(locked)
        file.flush()
        context.load_cert_chain(file.name, password=password)
