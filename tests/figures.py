# SPDX-License-Identifier: Apache-2.0
"""What tests have measured in their last run: ``.run/figures.json``."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".run" / "figures.json"


def read():
    """Return name to figure, as far as there is one."""
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def note(**figures):
    """Keep figures, over those of an earlier run."""
    FILE.parent.mkdir(exist_ok=True)
    known = read() | figures
    FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")
