# SPDX-License-Identifier: Apache-2.0
"""The adapter for Celery, on real workers."""
