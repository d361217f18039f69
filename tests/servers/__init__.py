# SPDX-License-Identifier: Apache-2.0
"""Private, disposable servers for the tests and the demo."""
