# SPDX-License-Identifier: Apache-2.0
"""The composition root: builds every other room from settings, runs and drains them."""

from bridge.service.modes import Modes
from bridge.service.process import serve
from bridge.service.service import Service

__all__ = ["Modes", "Service", "serve"]
