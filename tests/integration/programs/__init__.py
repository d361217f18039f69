# SPDX-License-Identifier: Apache-2.0
"""The programs as they are typed: ``notifier``, ``notifier-bridge``, ``openstack``."""
