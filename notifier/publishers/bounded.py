# SPDX-License-Identifier: Apache-2.0
"""Waits only so long for what may block without a limit, such as a name look-up."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def within(
    seconds: float, make: Callable[[], Result], let_go: Callable[[Result], None]
) -> Result:
    """Return what `make` returns, made in a thread of its own.

    Args:
        seconds: How long to wait for it.
        make: May go on after that; nobody waits for it then.
        let_go: Closes what came too late; must not raise.

    Raises:
        TimeoutError: It took longer.
        Exception: Whatever `make` raised in time.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(make())
        except BaseException as err:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(err)

    def close(late: Future[Result]) -> None:
        if late.exception() is None:
            let_go(late.result())

    threading.Thread(target=run, name="workflow-notifier", daemon=True).start()
    try:
        return future.result(seconds)
    except BaseException:
        # Also when the wait itself was interrupted.
        future.add_done_callback(close)
        raise
