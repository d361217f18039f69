# SPDX-License-Identifier: Apache-2.0
"""What the Dockerfile and the compose file say, done outside Docker."""

import os
import re
import subprocess

import pytest
import requests

from bridge.client import BridgeClient
from bridge.receiver import Receiver
from bridge.settings import Settings
from tests.acceptance.terminals import until
from tests.architecture.tree import ROOT
from tests.pages import Page
from tests.servers.processes import free_port

PAGE = Page("docs/how-to/containers.md")
SECONDS = 30
FOR_DEVELOPERS = {"bridge/store/migrations/script.py.mako"}
"""Not shipped: what a new step of the schema is begun from."""

pytestmark = pytest.mark.timeout(600)


def ask(command, **environment):
    """Run a command to its end; return its status and what it shows."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def at(port, words):
    return [word.replace("8990", port) for word in words]


def test_the_wheel_holds_all_that_is_in_the_packages(image):
    packages = ("notifier", "bridge")
    there = {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    (site,) = (image.root / "environment/lib").glob("python*/site-packages")
    installed = {
        str(path.relative_to(site))
        for package in packages
        for path in (site / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert installed == there - FOR_DEVELOPERS


def test_an_empty_environment_has_all_that_the_bridge_needs(image):
    check = [image.commands / "python", "-m", "pip", "check"]

    assert ask(check) == (0, "No broken requirements found.\n")
    assert ask([image.commands / "notifier-bridge", "--version"])[0] == 0
    assert ask([image.commands / "notifier", "--version"])[0] == 0


def test_the_image_runs_as_a_user_that_it_makes(stages, image):
    final = {one.word: one for one in stages[-1]}
    lines = (image.root / "etc/passwd").read_text("utf-8").splitlines()
    users = {name: int(uid) for name, _, uid, *_ in (one.split(":") for one in lines)}

    assert final["USER"].text == "10001:10001"
    assert users == {"bridge": 10001}


def test_the_page_makes_secrets_that_compose_finds_and_nobody_else_reads(tmp_path):
    subprocess.run(["bash", "-euc", PAGE.block("sh secrets")], cwd=tmp_path, check=True)

    file = tmp_path / ".env"
    values = dict(line.split("=", 1) for line in file.read_text().splitlines())
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text("utf-8")))
    assert file.stat().st_mode & 0o077 == 0
    assert values.keys() == asked
    assert all(re.fullmatch(r"[\w=-]{32,44}", value) for value in values.values())


def test_the_health_of_the_servers_is_asked_as_the_file_says(
    compose, own_rabbit, own_postgres, tmp_path
):
    script = own_rabbit.ctl_script().replace("rabbitmqctl", "rabbitmq-diagnostics")
    diagnostics = tmp_path / "rabbitmq-diagnostics"
    diagnostics.write_text(f"#!/bin/sh\n{script}\n")
    diagnostics.chmod(0o755)
    folders = (tmp_path, own_postgres.command("pg_isready").parent, os.environ["PATH"])
    path = ":".join(map(str, folders))
    at_home = {"PATH": path, "PGHOST": "127.0.0.1", "PGPORT": str(own_postgres.port)}

    for name in ("rabbitmq", "postgres"):
        _, *command = compose[name]["healthcheck"]["test"]
        assert ask(command, **at_home)[0] == 0, name
    own_postgres.stop()
    _, *command = compose["postgres"]["healthcheck"]["test"]
    assert ask(command, **at_home)[0] == 2


@pytest.fixture
def environment(image, compose, amqp_url, postgres_url, tmp_path):
    """What the compose file gives the bridge, with the servers that are here."""
    return {
        **{
            name: str(value) for name, value in compose["bridge"]["environment"].items()
        },
        "AMQP_URL": amqp_url,
        "DATABASE_URL": postgres_url,
        "OS_API__PORT": str(free_port()),
        # its receiver is on this machine
        "OS_CALLBACKS__ALLOW_LOOPBACK": "true",
        "PATH": f"{image.commands}:{os.environ['PATH']}",
        "HOME": "/nonexistent",
        "XDG_DATA_HOME": str(tmp_path),
    }


def test_the_bridge_delivers_as_the_compose_file_starts_it(
    stages, compose, environment, tmp_path
):
    final = {one.word: one for one in stages[-1]}
    port = environment["OS_API__PORT"]
    _, *is_ready = at(port, compose["bridge"]["healthcheck"]["test"])
    is_alive = at(port, final["HEALTHCHECK"].words)
    assert ask(is_alive, **environment)[0] == 1
    command = [*final["ENTRYPOINT"].words, *final["CMD"].words]
    with (tmp_path / "bridge.log").open("w") as log:
        bridge = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=log)
    try:
        until(lambda: ask(is_ready, **environment)[0], (0).__eq__, SECONDS)
        assert ask(is_alive, **environment)[0] == 0
        token = the_token(environment)
        assert delivered_to(f"http://127.0.0.1:{port}", token)
    finally:
        bridge.terminate()
        status = bridge.wait(60)
    assert status == 0
    assert {one.name for one in tmp_path.iterdir()} == {"bridge.log"}


def test_a_bridge_alone_answers_beyond_its_container(stages, environment, tmp_path):
    """As the page runs it; from elsewhere loopback is out of reach."""
    words = PAGE.text.partition("| a bridge alone, with SQLite |")[2].partition("`;")[0]
    alone = dict(re.findall(r"-e (\w+)=(\S+)", words))
    own = ("OS_API__PORT", "PATH", "HOME", "XDG_DATA_HOME")
    environment = {**{name: environment[name] for name in own}, **alone}
    final = {one.word: one for one in stages[-1]}
    command = [*final["ENTRYPOINT"].words, *final["CMD"].words]
    is_alive = at(environment["OS_API__PORT"], final["HEALTHCHECK"].words)

    with (tmp_path / "bridge.log").open("w+") as log:
        bridge = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            until(lambda: ask(is_alive, **environment)[0], (0).__eq__, SECONDS)
        finally:
            bridge.terminate()
            status = bridge.wait(60)
        log.seek(0)
        assert f"API: http://0.0.0.0:{environment['OS_API__PORT']}" in log.read()
    assert status == 0
    assert (tmp_path / "workflow-notifier/bridge.sqlite3").exists()


def the_token(environment):
    """Run what the page runs in the container; return the token."""
    *_, check, create = PAGE.block("sh compose").splitlines()
    for line in (check, create):
        command = line.removeprefix("docker compose exec bridge ").split()
        status, shown = ask(command, **environment)
        assert status == 0, shown
    return re.search(r"\bwnt_\S+|\S{40,}", shown).group()


def delivered_to(url, token):
    """Tell an event, and return whether its webhook came and is verified."""
    received = []
    with BridgeClient(url, token=token) as client:
        secrets = []
        with Receiver(
            "127.0.0.1", 0, secret=lambda _: secrets, on_delivery=received.append
        ) as receiver:
            hook = {"events": ["TASK"], "url": f"{receiver.url}/hook"}
            secrets.append(client.listeners.add(hook)["secret"])
            client.publish({
                "type": "task.failed",
                "source": "/engines/1",
                "data": {"execution": {"id": "e1"}, "task": {"name": "charge"}},
            })  # fmt: skip
            until(lambda: received, bool, SECONDS)
    assert requests.get(f"{url}/v1/listeners", timeout=10).status_code == 401
    return received[0].verified


def test_the_servers_are_bound_to_this_machine_alone(compose):
    ports = [port for one in compose.values() for port in one.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_grace_of_attempts_is_shorter_than_that_of_the_container(compose):
    grace = Settings().delivery.grace.total_seconds()
    assert compose["bridge"]["stop_grace_period"] == "60s"
    assert grace < 60
