# SPDX-License-Identifier: Apache-2.0
"""One rule at a time, without servers; all of it ends within seconds."""
