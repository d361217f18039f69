# SPDX-License-Identifier: Apache-2.0
"""What commands print of what others have sent."""

import pytest

from bridge.cli.showing import show_members

ESCAPE = "\x1b[2J"


@pytest.mark.parametrize("member", [(ESCAPE, "x"), ("x", ESCAPE), ("x", {ESCAPE: 1})])
def test_neither_names_nor_values_steer_the_terminal(capsys, member):
    show_members([member])

    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\\x1b[2J" in told
