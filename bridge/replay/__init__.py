# SPDX-License-Identifier: Apache-2.0
"""Past events, sent to listeners beside what happens now."""
