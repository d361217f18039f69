# SPDX-License-Identifier: Apache-2.0
"""The ways of telling a listener, all behind one seam: `Callback`."""
