# SPDX-License-Identifier: Apache-2.0
"""A Celery app whose tasks end in every way; its workers tell what they do."""

import os
import signal
import threading

from celery import Celery
from celery.exceptions import Ignore, Reject

from notifier import connect
from notifier.engines.celery import CeleryListener
from notifier.engines.conformance import SECRET, WORKBOOK, perform

app = Celery("shop", broker=os.environ["TASKS_URL"], backend=os.environ["RESULTS_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    result_chord_retry_interval=0.1,
    worker_prefetch_multiplier=1,
)
listener = CeleryListener(app, connect, workbook=WORKBOOK)


@app.task(bind=True, name="shop.performs")
def performs(self, work, attempts, secret):
    assert secret == SECRET
    attempt = self.request.retries + 1
    try:
        return perform(work, attempt)
    except RuntimeError as err:
        if attempt < attempts:
            raise self.retry(exc=err, countdown=0) from err
        raise


@app.task(name="shop.add")
def add(*numbers):
    return sum(map(int, numbers))


@app.task(name="shop.total")
def total(numbers):
    return sum(numbers)


@app.task(name="shop.fails")
def fails(*_):
    raise RuntimeError("card declined")


@app.task(name="shop.apologises")
def apologises(failed_id):
    return f"sorry for {failed_id}"


@app.task(name="shop.sends")
def sends():
    add.delay(1, 2)


@app.task(name="shop.ignored")
def ignored():
    raise Ignore


@app.task(name="shop.rejected")
def rejected():
    raise Reject("not mine", requeue=False)


@app.task(bind=True, name="shop.replaced")
def replaced(self):
    return self.replace(add.s(1, 2))


@app.task(name="shop.dies")
def dies():
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="shop.waits")
def waits():
    threading.Event().wait(60)
