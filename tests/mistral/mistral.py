# SPDX-License-Identifier: Apache-2.0
"""A private Mistral on 127.0.0.1: its components as processes, driven by its REST API."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta

import requests

from tests.mistral.environment import BIN
from tests.servers.processes import Kept, free_port

COMPONENTS = ("engine", "executor", "api")
START_WITHIN = timedelta(seconds=120)
PATIENCE = timedelta(seconds=120)

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_LOG_LINES_SHOWN = 30
_STARTED = {
    "api": "API server started",
    "engine": "Engine server started",
    "executor": "Executor server started",
    "notifier": "Notification server started",
}

# Cotyledon would lead a session of its own, out of reach of who is to end it.
_IN_OUR_GROUP = """
import os, runpy, sys
del os.setsid
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_SERVER = (BIN / "python", "-c", _IN_OUR_GROUP, BIN / "mistral-server")

_TEXT = {"Content-Type": "text/plain"}

# What the settings of whoever runs the tests would change.
_FOREIGN = ("AMQP_URL", "DATABASE_URL", "OS_", "PYTHON")

# Without `denied_cidrs`, Mistral's webhooks would not go to loopback addresses.
_CONF = """
[DEFAULT]
transport_url = {transport_url}
[database]
connection = {connection}
[api]
host = {host}
port = {port}
[pecan]
auth_enable = False
[oslo_policy]
policy_file = {policy_file}
[action_std_http]
denied_cidrs =
[notifier]
type = {kind}
notify = {notify}
"""


class Mistral:
    """A context manager; its processes run from enter to exit.

    Args:
        folder: For its configuration and logs.
        rabbit_url: Of the broker that its components talk over.
        database_url: ``postgresql://…`` of a database that `prepare_database` has made.
        notify: ``[notifier] notify``, one JSON object for each publisher.
        settings: Further text of ``mistral.conf``.
        components: Those that run.
        kind: ``[notifier] type``.
    """

    def __init__(
        self,
        folder,
        *,
        rabbit_url,
        database_url,
        notify: Sequence[str] = ('{"type": "amqp"}',),
        settings="",
        components=COMPONENTS,
        kind="local",
    ):
        self._folder = folder
        self._components = components
        self._port = free_port()
        self.url = f"http://{_HOST}:{self._port}/v2"
        self._processes = {}
        self.conf = folder / "mistral.conf"
        (folder / "policy.yaml").write_text("{}\n")
        self.conf.write_text(
            _CONF.format(
                transport_url=rabbit_url.replace("amqp://", "rabbit://"),
                connection=database_url.replace("postgresql:", "postgresql+psycopg2:"),
                host=_HOST,
                port=self._port,
                policy_file=folder / "policy.yaml",
                kind=kind,
                notify=f"[{', '.join(notify)}]",
            )
            + settings
        )

    def __enter__(self):
        self.start(*self._components)
        return self

    def __exit__(self, *_):
        for name in self._components:
            self.kill(name)

    def prepare_database(self):
        """Make of an empty database what Mistral expects (some ten seconds)."""
        self._manage("upgrade", "head")
        self._manage("populate")

    def start(self, *names):
        """Start components and return once they work."""
        for name in names:
            self._log(name).write_text("")
            self._processes[name] = Kept(
                (*_SERVER, "--config-file", self.conf, "--server", name),
                env=_environment(),
                log=self._log(name),
            )
        deadline = time.monotonic() + START_WITHIN.total_seconds()
        while not all(_STARTED[name] in self.said(name) for name in names):
            assert time.monotonic() < deadline, self._why(names)
            assert all(self._processes[name].runs for name in names), self._why(names)
            time.sleep(_POLL_SECONDS)

    def kill(self, name):
        """End a component with SIGKILL, as a crash would."""
        if name in self._processes:
            self._processes.pop(name).kill()

    def said(self, name):
        """Return what a component has logged since its start."""
        return self._log(name).read_text(errors="replace")

    def define(self, text, kind="workflows"):
        """Store workflows, or a workbook."""
        answer = self.try_to_define(text, kind)
        assert answer.ok, answer.text

    def try_to_define(self, text, kind="workflows"):
        """Return what Mistral answers to workflows, or a workbook."""
        url = f"{self.url}/{kind}"
        return requests.post(
            url, data=text.encode(), headers=_TEXT, timeout=PATIENCE.total_seconds()
        )

    def run(self, workflow, inputs=None, **params):
        """Start an execution and return its id."""
        body = {"workflow_name": workflow, "input": inputs or {}, "params": params}
        return self._ask("POST", "/executions", json=body)["id"]

    def finish(self, workflow, *, state="SUCCESS"):
        """Run a workflow to its end and return the execution's id."""
        execution = self.run(workflow)
        self.wait_for(execution, state)
        return execution

    def set_state(self, execution, state):
        """Pause, resume or cancel an execution."""
        self._ask("PUT", f"/executions/{execution}", json={"state": state})

    def set_task_state(self, task, state, **members):
        """Run a failed task again, or skip it."""
        self._ask("PUT", f"/tasks/{task}", json={"id": task, "state": state, **members})

    def waiting(self, execution):
        """Return task and action of each that waits for an outside system."""
        tasks = self._ask("GET", f"/executions/{execution}/tasks")["tasks"]
        return [
            (task["id"], action["id"])
            for task in tasks
            if task["state"] == "RUNNING"
            for action in self._ask("GET", f"/tasks/{task['id']}/action_executions")[
                "action_executions"
            ]
            if action["state"] == "RUNNING"
        ]

    def complete(self, action, state="SUCCESS", output=None):
        """Complete an action, as an outside system would."""
        said = {"state": state, "output": json.dumps(output)}
        self._ask("PUT", f"/action_executions/{action}", json=said)

    def task(self, execution, name):
        """Return the id of a task; wait until there is one."""
        found = self._wait(
            lambda: [
                one["id"]
                for one in self._ask("GET", f"/executions/{execution}/tasks")["tasks"]
                if one["name"] == name
            ],
            f"no task {name}",
        )
        return found[0]

    def publishers(self, execution):
        """Return the publishers that an execution has, as Mistral keeps them."""
        found = self._ask("GET", f"/executions/{execution}")
        return json.loads(found["params"])["notify"]

    def state(self, execution):
        """Return the state of an execution."""
        return self._ask("GET", f"/executions/{execution}")["state"]

    def wait_for(self, execution, state):
        """Wait until an execution is in a state."""
        self._wait(lambda: self.state(execution) == state, f"{execution} not {state}")

    def _ask(self, method, path, **content):
        answer = requests.request(
            method, self.url + path, timeout=PATIENCE.total_seconds(), **content
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def _wait(self, look, otherwise):
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while not (found := look()):
            assert time.monotonic() < deadline, otherwise
            time.sleep(_POLL_SECONDS)
        return found

    def _manage(self, *arguments):
        command = [BIN / "mistral-db-manage", "--config-file", self.conf, *arguments]
        done = subprocess.run(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _log(self, name):
        return self._folder / f"{name}.log"

    def _why(self, names):
        return "\n".join(
            f"{name}:\n" + "\n".join(self.said(name).splitlines()[-_LOG_LINES_SHOWN:])
            for name in names
        )


def _environment():
    return {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
