# SPDX-License-Identifier: Apache-2.0
"""What the bridge sends and says, read by somebody else's code.

Tried once by breaking our side: with the prefixes of attributes misspelt, ``specversion``
0.9 and one byte more under each signature, all 12 tests of what arrived failed.
"""
