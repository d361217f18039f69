# SPDX-License-Identifier: Apache-2.0
"""The composition root: builds every other room from settings, runs and drains them."""

from bridge.service.service import Service, serve

__all__ = ["Service", "serve"]
