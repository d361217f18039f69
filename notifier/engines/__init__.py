# SPDX-License-Identifier: Apache-2.0
"""Adapters that listen to an engine, one file for each foreign library."""
