# SPDX-License-Identifier: Apache-2.0
"""Where the bridge is, as far as that can be told without signing in."""

from collections.abc import Mapping
from typing import Any, Final

from bridge.client import DEFAULT_URL

SERVICE_TYPE: Final = "workflow-notifier"
"""Of a bridge in the service catalog."""

_OVERRIDE: Final = "workflow_notifier_endpoint_override"


def known_url(named: str | None, cloud: Mapping[str, Any]) -> str | None:
    """Return the bridge's URL; None: the service catalog has to tell.

    Args:
        named: By the user, as an option or in the environment.
        cloud: Configuration of the cloud that the user has chosen, or of none.
    """
    if named:
        return named
    override: str | None = cloud.get(_OVERRIDE)
    if override:
        return override
    return None if _has_catalog(cloud) else DEFAULT_URL


def _has_catalog(cloud: Mapping[str, Any]) -> bool:
    # "none" is how a single service is used without an identity service
    if cloud.get("auth_type") == "none":
        return False
    # a file's stands within, an option's outside until somebody signs in
    return bool(cloud.get("auth", {}).get("auth_url") or cloud.get("auth_url"))
