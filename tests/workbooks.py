# SPDX-License-Identifier: Apache-2.0
"""A workbook to be read, applied and told of, and what it is made of."""

from bridge.workbook.reading import read
from bridge.workbook.yaml_text import parse

VARS = {"LoggerURL": "http://127.0.0.1:9/log", "Key": "t0ps3cret"}
ORDERS = """\
name: orders
services:
  Logger:
    type: HTTP
    parameters:
      baseUrl: {$.LoggerURL}
      headers: {X-Api-Key: '{$.Key}', X-Team: ops}
    actions:
      start: {url: /start, method: POST}
      success: {url: /success}
      error: {url: /error, method: PUT}
workflow:
  on-exit: Logger:success
  tasks:
    charge:
      action: std.http url="http://127.0.0.1:9/charge"
      on-enter: Logger:start
      on-exit:
        - 'Logger:success': $.execution.error = null
        - 'Logger:error': $.execution.error != null
      on-success: [ship, Logger:success, 'std:goto(refund)']
    ship:
      on-error: fail
listeners:
  - name: ops pager
    events: [on-task-error]
    callback: {url: http://127.0.0.1:9/pager}
"""
KEYS = {
    "workflow/on-exit/Logger:success",
    "tasks/charge/on-enter/Logger:start",
    "tasks/charge/on-exit/Logger:success",
    "tasks/charge/on-exit/Logger:error",
    "tasks/charge/on-success/Logger:success",
    "listeners/ops pager",
}


def reading(text=ORDERS, **given):
    """Read a workbook in YAML."""
    return read(parse(text).value, {**VARS, **given})


def document(text=ORDERS, **given):
    """Read a workbook in YAML, and return what it says."""
    return reading(text, **given).document


def calling(clause, *, moment="on-exit"):
    """Return a workbook, as values, whose one task has this clause."""
    service = {
        "type": "HTTP",
        "parameters": {"baseUrl": "http://127.0.0.1:9"},
        "actions": {"start": "/start", "success": "/success"},
    }
    tasks = {"charge": {moment: clause}}
    return {
        "name": "orders",
        "services": {"Logger": service},
        "workflow": {"tasks": tasks},
    }
