# SPDX-License-Identifier: Apache-2.0
"""What holds for every input: codecs, parsers, indexes and policies."""
