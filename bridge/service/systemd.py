# SPDX-License-Identifier: Apache-2.0
"""Tells systemd how far a service is (sd_notify(3)); quiet where there is none."""

import os
import socket
from typing import Final

READY: Final = "READY=1"


def tell(state: str) -> None:
    """Send a state to the socket in ``NOTIFY_SOCKET``, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract one
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messenger:
        messenger.sendto(state.encode(), address)
