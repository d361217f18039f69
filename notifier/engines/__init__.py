# SPDX-License-Identifier: Apache-2.0
"""Adapters that listen to an engine, each foreign library in one file, and their trial."""
