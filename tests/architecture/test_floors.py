# SPDX-License-Identifier: Apache-2.0
"""Who may import whom."""

import subprocess
import sys

from tests.architecture.tree import ROOT

# What only the bridge needs; an engine's process has none of it.
OF_THE_BRIDGE = (
    *("bridge", "sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "yaql"),
    *("cryptography", "prometheus_client", "pydantic", "platformdirs", "uvloop"),
)
# An adapter of a foreign engine needs that engine; the outbox, the engine's SQLAlchemy.
REFUSE = """
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError("refused: " + name)

sys.meta_path.insert(0, Refuse())
"""
IMPORT_COMMANDS = f"{REFUSE}import bridge.cli.openstack.listeners"
IMPORT_ALL = f"""{REFUSE}
import notifier
optional = (
    "notifier.engines.",
    "notifier.publishers.outbox",
    "notifier.publishers.committed",
    "notifier.publishers.oslo",
    "notifier.publishers.traced",
    "notifier.relay",
    "notifier.tracing",
)
for module in pkgutil.walk_packages(notifier.__path__, "notifier."):
    if not module.name.startswith(optional):
        importlib.import_module(module.name)
print("imported", len([name for name in sys.modules if name.startswith("notifier.")]))
"""


def run(*command):
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_imports_run_downward_only():
    lint = "from importlinter.cli import lint_imports_command as run; run()"
    done = run(sys.executable, "-c", lint, "--no-logo", "--no-cache")

    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken" in done.stdout


def test_the_notifier_needs_nothing_of_the_bridge():
    done = run(sys.executable, "-c", IMPORT_ALL, *OF_THE_BRIDGE)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 10


def test_the_openstack_commands_need_no_server():
    done = run(sys.executable, "-c", IMPORT_COMMANDS, *OF_THE_BRIDGE[1:])

    assert done.returncode == 0, done.stderr


def test_the_hook_that_refuses_does_refuse():
    done = run(sys.executable, "-c", IMPORT_ALL, "kombu")

    assert "refused: kombu" in done.stderr
