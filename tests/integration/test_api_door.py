# SPDX-License-Identifier: Apache-2.0
"""Who and what the real API lets in, and what it says of itself."""

import json
import socket

import pytest
import requests

FINE = {"events": ["TASK"], "callback": {"url": "http://127.0.0.1:9/hook"}}
JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024
DOORS = ("/v1/listeners", "/v1/events")


@pytest.fixture
def is_empty(api):
    def is_empty():
        found = requests.get(f"{api.url}/v1/listeners", timeout=10).json()
        return found["listeners"] == [] and api.parts.event_store.last_position() == 0

    return is_empty


def port_of(api):
    return api.url.rpartition(":")[2]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8990",
        "10.0.0.1",
        "127.0.0.1.evil.example",
        "[",
        "",
    ],
)
def test_a_foreign_host_is_turned_away(api, is_empty, host):
    """A web page may reach the port by a name of its own (DNS rebinding)."""
    for door in DOORS:
        answer = requests.post(
            api.url + door, json=FINE, headers={"Host": host}, timeout=10
        )

        assert answer.status_code in (400, 403)  # uvicorn itself refuses some
    assert is_empty()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:1"])
def test_a_name_of_this_machine_is_let_in(api, host):
    answer = requests.get(f"{api.url}/healthz", headers={"Host": host}, timeout=10)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://127.0.0.1", "http://localhost:1"),
        *("http://[", "http://x]"),  # no URL at all
    ],
)
def test_a_foreign_origin_is_turned_away(api, is_empty, origin):
    for door in DOORS:
        for method in ("POST", "GET", "OPTIONS"):
            answer = requests.request(
                method,
                api.url + door,
                json=FINE,
                headers={"Origin": origin},
                timeout=10,
            )

            assert answer.status_code == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert is_empty()


def test_the_own_origin_is_let_in(api):
    answer = requests.post(
        f"{api.url}/v1/listeners", json=FINE, headers={"Origin": api.url}, timeout=10
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/json+json",
        "",
    ],
)
def test_only_json_is_taken(api, is_empty, content):
    """A form of a web page can send the others without asking."""
    for door in DOORS:
        answer = requests.post(
            api.url + door,
            data=json.dumps(FINE),
            headers={"Content-Type": content},
            timeout=10,
        )

        assert answer.status_code == 415
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert is_empty()


@pytest.mark.parametrize(
    "content", ["application/json; charset=utf-8", "application/merge-patch+json"]
)
def test_the_kin_of_json_is_taken(api, content):
    answer = requests.post(
        f"{api.url}/v1/listeners",
        data=json.dumps(FINE),
        headers={"Content-Type": content},
        timeout=10,
    )

    assert answer.status_code == 201


def test_a_body_over_1_mib_is_refused(api, is_empty):
    body = b'{"name": "' + b"x" * MIB + b'"}'
    for door in DOORS:
        answer = requests.post(api.url + door, data=body, headers=JSON, timeout=10)

        assert answer.status_code == 413
        assert answer.json()["detail"] == "the body is over 1 MiB"
    assert is_empty()


def test_a_body_of_unknown_length_is_cut_at_1_mib(api, is_empty):
    def pieces():
        for _ in range(20):
            yield b"x" * 100_000

    for door in DOORS:
        answer = requests.post(api.url + door, data=pieces(), headers=JSON, timeout=10)

        assert answer.status_code == 413
    assert is_empty()


def test_a_body_of_1_mib_is_let_in(api):
    body = json.dumps(FINE).encode()
    padded = body + b" " * (MIB - len(body))

    answer = requests.post(
        f"{api.url}/v1/listeners", data=padded, headers=JSON, timeout=10
    )

    assert answer.status_code == 201


def test_a_client_that_leaves_in_its_body_leaves_nothing(api, is_empty):
    with socket.create_connection(("127.0.0.1", int(port_of(api)))) as client:
        client.sendall(
            b"POST /v1/listeners HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )

    assert is_empty()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1", 404),
        ("GET", "/v2/listeners", 404),
        ("GET", "/v1/listeners/", 404),
        ("GET", "/v1/listeners/lst_1", 404),
        ("GET", "/v1/deliveries/dlv_1", 404),
        ("GET", "/v1/events/e/1", 404),
        ("PATCH", "/v1/listeners", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_what_is_not_there_is_a_problem(api, method, path, status):
    answer = requests.request(method, api.url + path, json={}, timeout=10)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert path.rpartition("/")[2] in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/listeners/a%00b", "/v1/listeners?name=a%00b"])
def test_a_url_with_nul_is_refused(api, path):
    answer = requests.get(api.url + path, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["detail"] == "the URL holds NUL"


def test_it_is_alive_and_ready(api):
    assert requests.get(f"{api.url}/healthz", timeout=10).json() == {"alive": True}
    answer = requests.get(f"{api.url}/readyz", timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


def test_it_says_why_it_is_not_ready(api):
    api.reasons.append("not consuming from the bus")

    answer = requests.get(f"{api.url}/readyz", timeout=10)

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": ["not consuming from the bus"]}
    assert requests.get(f"{api.url}/healthz", timeout=10).status_code == 200


def test_metrics_are_in_prometheus_format(api):
    answer = requests.get(f"{api.url}/metrics", timeout=10)

    assert answer.text == "# metrics\n"
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_it_describes_itself(api):
    document = requests.get(f"{api.url}/openapi.json", timeout=10).json()

    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/listeners",
        "/v1/listeners/{listener_id}",
        "/v1/listeners/{listener_id}/test",
        "/v1/listeners/{listener_id}/secret",
        "/v1/workbooks",
        "/v1/workbooks/{workbook}",
        "/v1/workbooks/{workbook}/services/{service}",
        "/v1/workbooks/{workbook}/services/{service}/actions/{action}",
        "/v1/workbooks/{workbook}/tasks/{task}/{moment}",
        "/v1/workbooks/{workbook}/workflow/{moment}",
        "/v1/workbooks/{workbook_name}/listeners",
        "/v1/workbooks/{workbook_name}/listeners/{listener_id}",
        "/v1/deliveries",
        "/v1/deliveries/{delivery_id}",
        "/v1/deliveries/{delivery_id}/retry",
        "/v1/events",
        "/v1/events/stream",
        "/v1/events/{event_id}",
        "/v1/quarantine",
        "/v1/quarantine/{message_id}",
        "/v1/quarantine/{message_id}/requeue",
        "/v1/tokens",
        "/v1/tokens/{token_id}",
        "/v1/listeners/{listener_id}/replay",
        "/v1/replays",
        "/v1/replays/{replay_id}",
        "/v1/replays/{replay_id}/stop",
        "/v1/access",
        "/v1/explanations",
        "/subscriptions",
        "/subscriptions/{listener_id}",
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_its_page_tells_every_operation_and_loads_nothing(api):
    answer = requests.get(f"{api.url}/docs", timeout=10)

    assert answer.status_code == 200
    assert "POST <code>/v1/listeners</code>" in answer.text
    for part in ("<script", "<link", "<img", "src=", "url(", "@import"):
        assert part not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
