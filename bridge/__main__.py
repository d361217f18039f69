# SPDX-License-Identifier: Apache-2.0
"""``python -m bridge`` is ``notifier-bridge``."""

from bridge.cli import main

if __name__ == "__main__":
    main(prog_name="python -m bridge")
