# SPDX-License-Identifier: Apache-2.0
"""Whom a webhook trusts: the authorities of TLS."""

import ssl
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH


def trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return a context that checks names and certificates, from TLS 1.2 on.

    Args:
        ca_bundle: PEM file of the authorities to trust. None: those of certifi.
    """
    cafile = DEFAULT_CA_BUNDLE_PATH if ca_bundle is None else str(ca_bundle)
    context = ssl.create_default_context(cafile=cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
