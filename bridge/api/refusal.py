# SPDX-License-Identifier: Apache-2.0
"""Why somebody is turned away before any route is looked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is turned away; `status` is HTTP's, `headers` are sent along."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)
