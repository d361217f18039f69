# SPDX-License-Identifier: Apache-2.0
"""Real shells complete the commands, once they have read what `completion` prints."""

import os
import subprocess

import pytest

from tests.integration.commands import NOTIFIER, PATIENCE_SECONDS

# As a key on the keyboard does it; zsh's own does so on a terminal only, so that here
# what is to be shown is printed.
BASH = """
eval "$({program} completion bash)"
COMP_WORDS=({program} {words}) COMP_CWORD={last}
$(complete -p {program} | sed 's/.*-F \\([^ ]*\\).*/\\1/') {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ completer=$1 }}
_describe() {{ print -rl -- ${{(P)3%%:*}} }}
compadd() {{ print -rl -- ${{(P)@[-1]}} }}
eval "$({program} completion zsh)"
words=({program} {words}) CURRENT={after}
$completer
"""
FISH = """
{program} completion fish | source
complete -C '{program} {words}' | string split -f 1 \\t
true
"""


def complete(shell, script, program, *words):
    done = subprocess.run(
        [shell, "-c", script.format(
            program=program, words=" ".join(words), last=len(words),
            after=len(words) + 1,
        )],
        env={**os.environ, "PATH": f"{NOTIFIER.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.split())


@pytest.mark.parametrize(
    ("shell", "script"),
    [("bash", BASH), ("zsh", ZSH), ("fish", FISH)],
    ids=["bash", "zsh", "fish"],
)
@pytest.mark.parametrize(
    ("program", "words", "completed"),
    [
        ("notifier-bridge", ["delivery-list", "--state", "de"], ["dead", "delivered"]),
        ("notifier", ["ta"], ["tail"]),
    ],
    ids=["notifier-bridge", "notifier"],
)
def test_a_shell_completes(shell, script, program, words, completed):
    assert complete(shell, script, program, *words) == completed
