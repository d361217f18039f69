# SPDX-License-Identifier: Apache-2.0
"""Asks one bridge, and tells what it answered; blocking, safe to share."""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

DEFAULT_URL: Final = "http://127.0.0.1:8990"
DEFAULT_TIMEOUT_SECONDS: Final = 30.0

Json = dict[str, Any]


class ClientError(Exception):
    """The bridge answered no.

    Attributes:
        status: HTTP status.
        detail: Why, for a person to read.
        errors: Field to what is wrong with it.
    """

    def __init__(
        self, status: int, detail: str, errors: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors: Mapping[str, str] = {} if errors is None else errors


class NoAnswer(Exception):
    """No bridge answers there, or not in time.

    Attributes:
        url: Where.
    """

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no bridge answers on {url}: {reason}")
        self.url = url


class Link:
    """Asks the bridge at a URL.

    Args:
        url: Where it listens.
        timeout: Seconds to wait for each answer.
        session: Sends the requests, and is closed at the end; None: a new one.
        token: Shown to the bridge; None: none, or what the session shows.
    """

    def __init__(
        self,
        url: str,
        timeout: float,
        session: requests.Session | None = None,
        token: str | None = None,
    ) -> None:
        self.url: Final = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session() if session is None else session
        # A proxy of the environment cannot reach this machine's loopback.
        self._session.trust_env = not is_loopback(self.url)
        if token is not None:
            self._session.auth = _Bearer(token)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def json(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - requests' own
        """Send a request, and return the JSON of its answer."""
        answer = self.send(method, path, **request)
        try:
            body: Json = answer.json()
        except ValueError as err:
            raise refusal(answer) from err
        return body

    def send(self, method: str, path: str, **request: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send a request, and return its answer; one that is no success raises."""
        answer = self.ask(method, path, **request)
        if not answer.ok:
            raise refusal(answer)
        return answer

    def ask(self, method: str, path: str, **request: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send a request, and return its answer whatever its status."""
        request.setdefault("timeout", self._timeout)
        # Else REQUESTS_CA_BUNDLE goes before what the session's owner has set.
        request.setdefault("verify", self._session.verify)
        try:
            return self._session.request(
                method, self.url + path, allow_redirects=False, **request
            )
        except requests.RequestException as err:
            raise NoAnswer(self.url, _reason(err)) from err


class _Bearer(AuthBase):
    """Shows a token; as `auth`, since a netrc file goes before mere headers."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine and nowhere else."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(answer: requests.Response) -> ClientError:
    """Return the error that an answer stands for."""
    try:
        problem = answer.json()
        errors = {one["field"]: one["reason"] for one in problem.get("errors", ())}
        return ClientError(answer.status_code, problem["detail"], errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ClientError(
            answer.status_code, f"answered {answer.status_code}, but not as a bridge"
        )


def watched(answer: requests.Response, lines: Iterator[bytes]) -> Iterator[Json]:
    """Yield the messages of a stream, and close it at the end."""
    with answer:
        try:
            for line in lines:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))
        except requests.RequestException as err:
            raise NoAnswer(answer.url, _reason(err)) from err


def _reason(err: requests.RequestException) -> str:
    match err:
        case requests.Timeout():
            return "no answer in time"
        case requests.ConnectionError():
            return "no connection"
        case _:
            return type(err).__name__


def if_match(revision: int | None) -> dict[str, str]:
    """Return the header by which a change is refused if another came before it."""
    return {} if revision is None else {"If-Match": f'"{revision}"'}
