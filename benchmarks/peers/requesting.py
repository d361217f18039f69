# SPDX-License-Identifier: Apache-2.0
"""Posts by requests, over kept connections; for the peers that work in threads."""

import requests
from requests.adapters import HTTPAdapter

from benchmarks.peers.webhook import CONNECTIONS, headers_of

_TIMEOUT_SECONDS = 10


def session() -> requests.Session:
    """Return a session that asks nobody for proxies: that takes longer than the rest."""
    opened = requests.Session()
    opened.trust_env = False
    opened.mount("http://", HTTPAdapter(pool_connections=2, pool_maxsize=CONNECTIONS))
    return opened


def post(opened: requests.Session, body: bytes) -> None:
    """Post one event, or raise."""
    url, headers = headers_of(body)
    answer = opened.post(url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
