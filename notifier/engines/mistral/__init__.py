# SPDX-License-Identifier: Apache-2.0
"""OpenStack Mistral: what its engine tells its publishers, told on the bus."""
