# SPDX-License-Identifier: Apache-2.0
"""Whom a connection to the broker trusts, and what it shows of itself."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from notifier.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM for ``amqps://``.

    Attributes:
        ca_file: The authorities that may vouch for the broker. Default: the system's.
        cert_file: A client certificate, its issuers behind it. Default: none is shown.
        key_file: The key to it. Default: it stands in `cert_file`.

    Raises:
        SettingsError: A key without a certificate.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what is half of something."""
        if self.key_file is not None and self.cert_file is None:
            raise SettingsError("[bus] tls_key_file needs tls_cert_file")

    def options_for(self, host: str) -> dict[str, Any]:
        """Return what py-amqp is told for a broker that must be this host."""
        return {
            # Else any certificate of any host would do.
            "server_hostname": host,
            "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
            "ca_certs": self.ca_file,
            "certfile": self.cert_file,
            "keyfile": self.key_file,
        }


NO_FILES: Final = Tls()
