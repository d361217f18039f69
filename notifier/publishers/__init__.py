# SPDX-License-Identifier: Apache-2.0
"""The ways of bringing events to the bus, all behind one seam: `Publisher`."""

from notifier.publishers.publisher import Publisher

__all__ = ["Publisher"]
