# SPDX-License-Identifier: Apache-2.0
"""How a check says that an adapter does not do what every adapter has to."""


class NonConformance(AssertionError):
    """The adapter does not do what every adapter has to."""


def expect(is_so: object, message: str) -> None:
    """Go on if it is so.

    Raises:
        NonConformance: It is not.
    """
    if not is_so:
        raise NonConformance(message)
