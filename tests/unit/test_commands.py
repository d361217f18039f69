# SPDX-License-Identifier: Apache-2.0
"""A program's commands, as a shell asks for them."""

from click.shell_completion import ShellComplete

from notifier.commands import Commands

HOMES = {
    "check": "notifier.cli.check:check",
    "tail": "notifier.cli.tail:tail",
}


def test_a_key_pressed_behind_a_misspelt_command_is_no_failure():
    program = Commands(name="notifier", homes=HOMES, expected=())

    shell = ShellComplete(program, {}, "notifier", "_NOTIFIER_COMPLETE")

    found = shell.get_completions(["chekc"], "")
    assert [one.value for one in found] == list(HOMES)
