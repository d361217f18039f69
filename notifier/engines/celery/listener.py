# SPDX-License-Identifier: Apache-2.0
"""Celery: every state of a task that a worker comes to know, told from its signals.

Told by the process or thread that runs the task, which waits for the bus at most the
notifier's timeout for each event. What the worker's own loop finds out - a revoked task,
a killed process - is told aside, so that the loop never waits.
"""

import sys
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias

from notifier.connection import connect
from notifier.engines.celery.lineage import HEADER, Run
from notifier.engines.celery.teller import Teller
from notifier.engines.excerpt import error_text, exception_text, result_members
from notifier.event import UNKNOWN
from notifier.notifier import Notifier

try:
    from celery import signals
    from celery.app.task import Context
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[celery]") from err

Foreign: TypeAlias = Any
"""Of Celery, which publishes no types."""

_UNTOLD_BY_SIGNALS: Final = {"IGNORED": "ignored", "REJECTED": "rejected"}


class CeleryListener:
    """Tells what the workers of an app do, for as long as they run.

    Make it once, where the app is made. In programs that only send tasks it does
    nothing, and connects to nothing.

    Args:
        app: A Celery app.
        open_notifier: Called in each process of a worker, with its first event.
        workbook: Name of the workbook, where there is one.
        project: Default: the notifier's.

    Example::

        app = Celery("shop", broker="amqp://…")
        CeleryListener(app, partial(connect, source="/shop/celery"), workbook="orders")
    """

    def __init__(
        self,
        app: Foreign,
        open_notifier: Callable[[], Notifier] = connect,
        *,
        workbook: str | None = None,
        project: str | None = None,
    ) -> None:
        self._app = app
        self._teller = Teller(open_notifier, workbook=workbook, project=project)
        self._thread = threading.local()
        # What the worker's own process has received, and told something of.
        self._received = weakref.WeakValueDictionary[str, Foreign]()
        self._told = weakref.WeakKeyDictionary[Foreign, Run]()
        self._receivers = (
            (signals.before_task_publish, self._on_publish),
            (signals.task_received, self._on_received),
            (signals.task_prerun, self._on_prerun),
            (signals.task_success, self._on_success),
            (signals.task_retry, self._on_retry),
            (signals.task_failure, self._on_failure),
            (signals.task_internal_error, self._on_failure),
            (signals.task_unknown, self._on_unknown),
            (signals.task_revoked, self._on_revoked),
            (signals.task_postrun, self._on_postrun),
            (signals.worker_process_shutdown, self._on_shutdown),
            (signals.worker_shutdown, self._on_shutdown),
        )
        for signal, receiver in self._receivers:
            signal.connect(receiver, weak=False)

    def close(self) -> None:
        """Listen no more, and let go of the bus."""
        for signal, receiver in self._receivers:
            signal.disconnect(receiver)
        self._on_shutdown()

    def _on_publish(self, sender: str, headers: Foreign = None, **_: object) -> None:
        runs = self._runs()
        if not runs or not isinstance(headers, dict):
            return
        run, task_id = runs[-1], headers.get("id")
        headers[HEADER] = run.sends(sender, task_id).header
        cause = sys.exception()
        is_retry = headers.get("retries", 0) > run.request.retries
        if task_id == run.request.id and is_retry and cause is not None:
            # Before the next attempt can start; the signal comes after.
            self._teller.retry(run, datetime.now(UTC), error=exception_text(cause))

    def _on_received(self, request: Foreign, **_: object) -> None:
        self._received[request.id] = request

    def _on_prerun(self, task: Foreign, **_: object) -> None:
        if task.app is not self._app:
            return
        run = Run(task.name, task.request)
        self._runs().append(run)
        if run.starts_execution:
            self._teller.execution("started", run, error=None)
        self._teller.task("started", run, state="STARTED", error=None)

    def _on_success(self, sender: Foreign, result: object, **_: object) -> None:
        run = self._run_of(sender.request.id)
        if run is None:
            return
        members = result_members(result)
        self._teller.task("succeeded", run, state="SUCCESS", error=None, **members)
        if run.ends_execution_if_it_succeeds:
            error = None if run.starts_execution else UNKNOWN
            self._teller.execution("succeeded", run, error=error)

    def _on_retry(
        self, sender: Foreign, request: Foreign, reason: Foreign = None, **_: object
    ) -> None:
        cause = getattr(reason, "exc", None)
        if isinstance(cause, BaseException):
            error = exception_text(cause)
        else:
            error = error_text(str(reason or "cancelled by the worker"))
        self._tell(sender, request, partial(self._teller.retry, error=error))

    def _on_failure(
        self, sender: Foreign, task_id: str, exception: BaseException, **known: Foreign
    ) -> None:
        request = sender.request
        if request.id != task_id:
            # In the worker's own process, or before the task had begun.
            request = known.get("request") or self._received.get(task_id)
        self._tell(
            sender,
            request,
            partial(self._teller.failure, error=exception_text(exception)),
        )

    def _on_unknown(
        self, sender: Foreign, message: Foreign, name: str, **_: object
    ) -> None:
        error = error_text(f"NotRegistered: {name}")
        headers = {"task": name, **message.headers}
        self._tell(sender, headers, partial(self._teller.failure, error=error))

    def _on_revoked(
        self,
        sender: Foreign,
        request: Foreign,
        *,
        terminated: bool,
        expired: bool,
        **_: object,
    ) -> None:
        reason = "expired" if expired else "terminated" if terminated else "revoked"

        def tell(run: Run, time: datetime) -> None:
            self._teller.task("cancelled", run, time, state="REVOKED", reason=reason)
            if run.ends_execution_if_it_fails:
                self._teller.execution("cancelled", run, time)

        self._tell(sender, request, tell)

    def _on_postrun(self, task_id: str, state: object = None, **_: object) -> None:
        run = self._run_of(task_id)
        if run is None:
            return
        self._thread.last = self._runs().pop()
        word = _UNTOLD_BY_SIGNALS.get(str(state))
        if word is not None and not run.has_gone_on:
            self._teller.task(word, run, state=str(state))

    def _on_shutdown(self, **_: object) -> None:
        self._teller.close()

    def _tell(
        self, sender: Foreign, request: Foreign, tell: Callable[[Run, datetime], None]
    ) -> None:
        """Tell at once of what this thread runs, and aside of all else."""
        if sender.app is not self._app or request is None:
            return
        now, context = datetime.now(UTC), _context(request)
        run = self._run_of(context.id) or self._last_run_of(context.id)
        if run is not None:
            tell(run, now)
        else:
            run = Run(getattr(sender, "name", None) or context.task, context)
            received = self._received.get(context.id)
            if received is not None:
                run = self._told.setdefault(received, run)
            self._teller.aside(partial(tell, run, now))

    def _runs(self) -> list[Run]:
        """Return what this thread runs: several only where tasks run tasks eagerly."""
        runs: list[Run] = self._thread.__dict__.setdefault("runs", [])
        return runs

    def _run_of(self, task_id: object) -> Run | None:
        runs = self._runs()
        return runs[-1] if runs and runs[-1].request.id == task_id else None

    def _last_run_of(self, task_id: object) -> Run | None:
        """Return what this thread ran last: its own trouble comes after its end."""
        last: Run | None = getattr(self._thread, "last", None)
        return last if last is not None and last.request.id == task_id else None


def _context(request: Foreign) -> Foreign:
    """Return what Celery says of a task, in whichever form it says it."""
    if isinstance(request, Context):
        return request
    if isinstance(request, dict):
        return Context(request)
    payload = request.message.payload
    embed = payload[2] if isinstance(payload, (list, tuple)) else {}
    return Context({**request.request_dict, **embed})
