# SPDX-License-Identifier: Apache-2.0
"""Celery: what its workers do, told from their signals."""

from notifier.engines.celery.listener import CeleryListener

__all__ = ["CeleryListener"]
