# SPDX-License-Identifier: Apache-2.0
"""What went wrong with the bus, and what the user can do about it."""

from notifier.errors import Unreachable
from notifier.settings import Settings, masked


def explained(err: Unreachable, settings: Settings) -> str:
    """Return the error as one line that names the way out."""
    if settings.bus.url is not None:
        return str(err)
    return no_bridge(settings.http_url)


def no_bridge(url: str) -> str:
    """Return what to say when nothing answers at the bridge's door."""
    return (
        f"no bridge answers on {masked(url)}; "
        "start one with `notifier-bridge serve`, or set BRIDGE_URL or AMQP_URL"
    )
