# SPDX-License-Identifier: Apache-2.0
"""Over twenty secrets are planted in a bridge, and nothing that it says holds one."""

import base64
import json

import pytest
import requests
from cryptography.fernet import Fernet

from bridge.client import BridgeClient
from bridge.model import ListenerId
from bridge.store.database import Database
from bridge.store.listeners import ListenerStore
from bridge.store.vault import Vault
from tests.bridges import BridgeProcess
from tests.integration.certificates import Authority
from tests.integration.commands import bridge_command, notifier_bridge
from tests.integration.garden import Garden, echoing, look_at_pages
from tests.servers.processes import free_port

WORKBOOK = """
name: orders
services:
  Pager:
    type: HTTP
    parameters:
      baseUrl: '%s'
      headers: {X-Api-Key: '{$.Key}'}
      auth: {type: bearer, token: '{$.Token}'}
    actions: {page: /page}
workflow: {on-error: 'Pager:page'}
"""


@pytest.fixture(scope="module")
def garden(tmp_path_factory):
    """A bridge's life, in which all that can go wrong does."""
    home = tmp_path_factory.mktemp("home")
    garden = Garden()
    seal = garden.plant("sealing-key", Fernet.generate_key().decode())
    environment = {
        "HOME": str(home),
        "OS_API__AUTH": "token",
        "OS_SECRETS__KEY": seal,
        "OS_LOG__LEVEL": "DEBUG",
        "OS_CALLBACKS__ALLOW_LOOPBACK": "true",
    }
    for role in ("admin", "reader"):
        done = bridge_command(
            *("token-create", "--project", "default", "--role", role), **environment
        )
        garden.plant(f"{role}-token", done.stdout.strip())
    with (
        echoing() as url,
        BridgeProcess(home, **environment) as bridge,
    ):
        live(garden, bridge, url, home, environment)
        garden.hear("log", bridge.said)
    return garden


def live(garden, bridge, receiver, home, environment):
    token = garden.planted["admin-token"]
    with BridgeClient(bridge.url, token=token) as client:
        plant_listeners(garden, client, receiver, home)
        plant_workbook(garden, client, receiver)
        tell(bridge, client, token)
        provoke(garden, bridge, token)
        look_around(garden, bridge, token, client)
        look_at_pages(garden, bridge, token, client)
    learn_keys(garden, home)
    run_commands(garden, bridge, environment)
    listen_to_files(garden, home)


def plant_listeners(garden, client, receiver, folder):
    pair = Authority(folder).pair("bridge.example")
    garden.plant("certificate-key", pair[1].splitlines()[1])
    query = garden.plant("url-query")
    auths = {
        "bearer": {"type": "bearer", "token": garden.plant("bearer-token")},
        "basic": {
            "type": "basic",
            "username": "ops",
            "password": garden.plant("basic-password"),
        },
        "header": {
            "type": "header",
            "name": "X-Api-Key",
            "value": garden.plant("header-auth"),
        },
        "certificate": {
            "type": "certificate",
            "certificate": pair[0],
            "key": pair[1],
        },
    }
    given = base64.b64encode(garden.plant("given-secret").encode() * 2).decode()[:64]
    garden.plant("given-secret", given)
    for kind, auth in auths.items():
        is_plain = kind != "certificate"
        listener = client.listeners.add(
            {
                "name": kind,
                "events": ["TASK"],
                "signing": "both",
                "secret": f"whsec_{given}",
                "retry": {"delays_seconds": [0.1], "jitter": 0},
                "callback": {
                    "url": f"{receiver if is_plain else 'https://127.0.0.1:9'}/h",
                    "auth": auth,
                    "headers": {"X-Session-Token": garden.plant(f"header-{kind}")},
                },
            }
        )
        made = client.listeners.rotate(listener["id"])
        garden.plant(f"secret-of-{kind}", made["secret"].removeprefix("whsec_"))
    client.listeners.add(
        {
            "name": "query",
            "events": ["TASK"],
            "callback": {"url": f"http://127.0.0.1:{free_port()}/h?token={query}"},
        }
    )


def plant_workbook(garden, client, receiver):
    variables = {
        "Key": garden.plant("workbook-header"),
        "Token": garden.plant("workbook-auth"),
    }
    applied = client.workbooks.apply(WORKBOOK % receiver, variables=variables)
    (made,) = applied["secrets"]
    garden.plant("workbook-secret", made["secret"].removeprefix("whsec_"))


def tell(bridge, client, token):
    data = {
        "workbook": "orders",
        "execution": {"id": "e1", "error": "no"},
        "task": {"name": "charge"},
    }
    for kind in ("task.failed", "execution.failed"):
        requests.post(
            f"{bridge.url}/v1/events",
            json={"type": kind, "data": data},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        ).raise_for_status()
    bridge.wait_until(
        lambda: sum(one["attempt_count"] for one in client.deliveries.find()) >= 8
    )


def provoke(garden, bridge, token):
    """Send what is wrong, secrets in it."""
    url = f"{bridge.url}/v1/listeners"
    signed_in = {"Authorization": f"Bearer {token}"}
    wrong = garden.plant("wrong-token")
    bad = garden.plant("refused-auth")
    ask = [
        (url, {"json": {"events": ["TASK"], "callback": {"auth": bad}}}),
        (url, {"json": {"events": ["TASK"], "secret": bad, "callback": {"url": "x"}}}),
        (url, {"json": {"events": ["TASK"], "callback": {
            "url": f"http://me:{bad}@h/", "headers": {"X-Token": bad + "\n"}}}}),
        (url, {"json": {"events": ["TASK"], "callback": {"url": "http://9.9.9.9/",
            "auth": {"type": "basic", "username": "a:b", "password": bad}}}}),
        (url, {"json": {"events": ["TASK"], "callback": {"url": "https://9.9.9.9/",
            "auth": {"type": "certificate", "certificate": bad, "key": bad}}}}),
        (url, {"data": f'{{"secret": "{bad}"'}),
        (f"{bridge.url}/v1/workbooks", {"json": {"workbook": WORKBOOK % f"x{bad}",
            "vars": {"Key": bad, "Token": bad + "\n"}}}),
        (f"{bridge.url}/v1/workbooks", {"json": {"workbook": f"a: [{bad}"}}),
    ]  # fmt: skip
    for number, (where, what) in enumerate(ask):
        headers = {**signed_in, "Content-Type": "application/json"}
        answer = requests.post(where, headers=headers, timeout=10, **what)
        assert 400 <= answer.status_code < 500, answer.text
        garden.hear(f"refusal {number}", answer.content)
    for path in ("/v1/listeners", f"/v1/listeners/{wrong}", "/metrics"):
        headers = {"Authorization": f"Bearer {wrong}"}
        answer = requests.get(bridge.url + path, headers=headers, timeout=10)
        assert answer.status_code == 401
        garden.hear("refusal of a token", answer.content)


def look_around(garden, bridge, token, client):
    """Ask for all that can be read."""
    paths = ["/openapi.json", "/docs", "/healthz", "/readyz", "/metrics"]
    paths += ["/v1/listeners", "/v1/workbooks", "/v1/deliveries", "/v1/tokens"]
    paths += [f"/v1/listeners/{one['id']}" for one in client.listeners.find()]
    paths += [f"/v1/deliveries/{one['id']}" for one in client.deliveries.find()]
    paths += ["/v1/workbooks/orders", "/v1/workbooks/orders/listeners"]
    paths += ["/v1/workbooks/orders/services", "/v1/events?execution_id=e1"]
    query = garden.planted["url-query"].encode()
    for path in paths:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(bridge.url + path, headers=headers, timeout=10)
        # where a listener leads is shown to whoever may see it, as a whole
        garden.hear(f"GET {path}", answer.content.replace(query, b"(its URL)"))
    pinged = next(client.listeners.find(name="bearer"))
    garden.hear("ping", json.dumps(client.listeners.test(pinged["id"])))


def learn_keys(garden, home):
    """Plant what only the vault knows."""
    path = home / ".local/share/workflow-notifier/bridge.sqlite3"
    with Database(f"sqlite:///{path}") as database:
        store = ListenerStore(database, Vault(garden.planted["sealing-key"]))
        for one in store.find(limit=10):
            kept = store.get(None, ListenerId(one.id))
            if kept.key is not None:
                key = kept.key.removeprefix("whsk_")
                garden.plant(f"private-key-of-{kept.name}", key[:43])


def run_commands(garden, bridge, environment):
    asks = environment | {
        "BRIDGE_URL": bridge.url,
        "NOTIFIER_BRIDGE_TOKEN": garden.planted["admin-token"],
    }
    hidden = garden.planted["url-query"]
    for command in (
        *("check", "listener-list", "workbook-list", "delivery-list", "token-list"),
        "workbook-show orders",
        "listener-list --format json",
    ):
        done = bridge_command(*command.split(), **asks)
        said = (done.stdout + done.stderr).replace(hidden, "(its URL)")
        garden.hear(f"notifier-bridge {command}", said)
    database = f"postgresql://nobody:{garden.plant('database-password')}@127.0.0.1:9/x"
    broker = f"amqp://nobody:{garden.plant('broker-password')}@127.0.0.1:9/x"
    theirs = f"rabbit://nobody:{garden.plant('notifications-password')}@127.0.0.1:9/x"
    wrong = {
        "HOME": environment["HOME"],
        "DATABASE_URL": database,
        "AMQP_URL": broker,
        "OS_NOTIFICATIONS__TOPICS": "notifications.*",
        "OS_NOTIFICATIONS__URL": theirs,
        "OS_LOG__LEVEL": "DEBUG",
    }
    spoiled = wrong | {
        "DATABASE_URL": database.replace("@", ":@"),
        "AMQP_URL": broker.replace("amqp", "smtp"),
        "OS_SECRETS__KEY": garden.plant("no-key"),
    }
    for settings in (wrong, spoiled):
        for command in ("check", "serve --port 0", "migrate"):
            # serve is for good, and for a process of its own
            run = notifier_bridge if command.startswith("serve") else bridge_command
            done = run(*command.split(), **settings)
            assert done.returncode != 0
            garden.hear(f"{command} with wrong URLs", done.stdout + done.stderr)


def listen_to_files(garden, home):
    data = home / ".local/share/workflow-notifier"
    # A URL is no secret to the database: it is shown to whoever may see the listener.
    query = garden.planted["url-query"].encode()
    for file in data.iterdir():
        if file.suffix != ".key":
            garden.hear(file.name, file.read_bytes().replace(query, b"(its URL)"))


def test_no_planted_secret_is_in_anything_that_is_said(garden):
    assert len(garden.planted) >= 20
    assert len(garden.said) >= 30

    assert garden.found() == []


def test_a_secret_would_be_found_in_any_form():
    garden = Garden()
    secret = garden.plant("secret")
    for form in (secret, secret.encode().hex(), base64.b64encode(secret.encode())):
        garden.said.clear()
        garden.hear("there", form)

        assert garden.found() == [("there", "secret")]


def test_what_was_echoed_is_kept_with_stars(garden):
    shown = b"".join(
        said for place, said in garden.said.items() if "/v1/deliveries/" in place
    )

    assert b"X-Session-Token" in shown
    assert b"****" in shown


def test_the_log_tells_what_was_attempted(garden):
    log = garden.said["log"].decode()

    assert log.count("outcome=refused") >= 5
