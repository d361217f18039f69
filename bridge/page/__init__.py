# SPDX-License-Identifier: Apache-2.0
"""The page for people: another face of the API's rules, rendered by the bridge."""
