# SPDX-License-Identifier: Apache-2.0
"""The parts together with the real servers they are made for."""
