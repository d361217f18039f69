# SPDX-License-Identifier: Apache-2.0
"""The bridge's REST API as a Python object; imports nothing else of the bridge."""

from bridge.client.bridge_client import BridgeClient
from bridge.client.link import (
    DEFAULT_URL,
    ClientError,
    Json,
    NoAnswer,
    is_loopback,
)

__all__ = [
    "DEFAULT_URL",
    "BridgeClient",
    "ClientError",
    "Json",
    "NoAnswer",
    "is_loopback",
]
