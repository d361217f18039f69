# SPDX-License-Identifier: Apache-2.0
"""Webhooks straight from the event loop: HTTP/1.1 over kept connections, no threads."""
