# SPDX-License-Identifier: Apache-2.0
"""Everything that proves the project, by kind of proof."""
