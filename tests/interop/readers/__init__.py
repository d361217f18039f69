# SPDX-License-Identifier: Apache-2.0
"""Programs around other people's libraries; they run apart from this project."""
