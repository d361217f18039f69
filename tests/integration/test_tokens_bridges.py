# SPDX-License-Identifier: Apache-2.0
"""Tokens where two bridges serve: good at both, gone from both, in no log."""

import time

import pytest

from bridge.client import BridgeClient, ClientError
from tests.bridges import BridgeProcess
from tests.integration.commands import bridge_command
from tests.served import KEY

REVOKED_SECONDS = 5


@pytest.fixture
def bridges(tmp_path, amqp_url, postgres_url):
    environment = {
        "DATABASE_URL": postgres_url,
        "OS_API__AUTH": "token",
        "OS_SECRETS__KEY": KEY,
        "OS_LOG__LEVEL": "DEBUG",
    }
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
    with (
        BridgeProcess(homes[0], amqp_url, **environment) as one,
        BridgeProcess(homes[1], amqp_url, **environment) as two,
    ):
        yield one, two


def test_a_revoked_token_is_gone_from_every_bridge_and_was_in_no_log(
    bridges, postgres_url
):
    env = {"DATABASE_URL": postgres_url, "HOME": "/nonexistent"}
    made = bridge_command("token-create", "--project", "a", "--role", "admin", **env)
    token = made.stdout.strip()
    clients = [BridgeClient(one.url, token=token) for one in bridges]
    token_id = clients[0].access()["token_id"]
    assert clients[1].access()["token_id"] == token_id
    wrong = token[:-4] + "wxyz"
    with (
        BridgeClient(bridges[0].url, token=wrong) as stranger,
        pytest.raises(ClientError, match="wrong, revoked or expired"),
    ):
        stranger.access()

    bridge_command("token-revoke", token_id, **env)
    revoked_at = time.monotonic()
    for client in clients:
        bridges[0].wait_until(lambda client=client: is_out(client), REVOKED_SECONDS)
    took = time.monotonic() - revoked_at
    for client in clients:
        client.close()

    assert took < REVOKED_SECONDS
    for bridge in bridges:
        assert token not in bridge.said
        assert wrong not in bridge.said
    assert "wrong token address=127.0.0.1" in bridges[0].said


def is_out(client):
    try:
        client.access()
    except ClientError as err:
        return err.status == 401
    return False
