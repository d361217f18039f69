# SPDX-License-Identifier: Apache-2.0
"""Installs Chromium where it is missing: ``python -m tests.browser.install``."""

import shutil
import sys
from pathlib import Path

from tests.servers.install import Need, main

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium():
    """Return where the browser is; None: there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return None if found is None else Path(found)


BROWSER = Need("Chromium", ("chromium", "fonts-dejavu-core"), chromium)

if __name__ == "__main__":
    sys.exit(main([BROWSER]))
