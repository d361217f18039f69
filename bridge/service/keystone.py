# SPDX-License-Identifier: Apache-2.0
"""Shows tokens to Keystone, by keystonemiddleware; blocking, for any thread.

The middleware is what OpenStack's services let people in by. It reads
``[keystone_authtoken]`` of the bridge's own file, and the environment, as theirs do.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from oslo_config import cfg

from bridge.api.keystone import KeystoneSignIn, Standing
from bridge.errors import NoKeystone, SettingsError

SECTION: Final = "keystone_authtoken"

_MIDDLEWARE: Final = {
    # Else a Keystone that is away could not be told from a wrong token.
    "delay_auth_decision": "false",
    "include_service_catalog": "false",
    # Else a token that was revoked would be good for minutes.
    "token_cache_time": "-1",
}
_FOUND: Final = "bridge.found"
_WRONG: Final = "401"


def keystone_sign_in(config_file: Path | None) -> KeystoneSignIn:
    """Return what knows the tokens of the Keystone that a file names.

    Raises:
        SettingsError: The library is missing, or the section is not right.
    """
    try:
        from keystonemiddleware import auth_token  # noqa: PLC0415 - optional, and slow
    except ImportError as err:
        raise SettingsError(
            "[api] auth = keystone needs keystonemiddleware: "
            "pip install 'workflow-notifier[keystone]'"
        ) from err
    # What it says of each token is said by the bridge, once and without its text.
    logging.getLogger("keystonemiddleware").setLevel(logging.ERROR)
    conf = cfg.ConfigOpts()
    files = [] if config_file is None else [str(config_file)]
    try:
        conf([], project="notifier-bridge", default_config_files=files)
        protocol = auth_token.AuthProtocol(
            _report, {**_MIDDLEWARE, "oslo_config_config": conf}
        )
        uri = conf[SECTION].www_authenticate_uri
        if not conf[SECTION].auth_type:
            raise SettingsError(
                f"[api] auth = keystone needs [{SECTION}]: auth_type = password, "
                "auth_url, username, password, …, as OpenStack's services have it"
            )
    except cfg.Error as err:
        raise SettingsError(f"[{SECTION}] {err}") from err
    return KeystoneSignIn(_asking(protocol), f'Keystone uri="{uri}"')


def _asking(protocol: Any) -> Callable[[str], Standing | None]:  # noqa: ANN401 - it has no types
    def ask(token: str) -> Standing | None:
        request, said = _request(token), [""]
        try:
            protocol(request, lambda status, *_: said.append(status))
        except Exception as err:
            # Those of keystoneauth, keystoneclient and requests have no common root.
            raise NoKeystone(type(err).__name__) from err
        found: Mapping[str, Any] | None = request[_FOUND].get("environ")
        if found is None and not said[-1].startswith(_WRONG):
            raise NoKeystone(said[-1])
        return None if found is None else _standing(found)

    return ask


def _request(token: str) -> dict[str, Any]:
    """Return a request as a WSGI server would have read it."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "bridge",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_X_AUTH_TOKEN": token,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        _FOUND: {},
    }


def _report(
    environ: Mapping[str, Any], start_response: Callable[[str, list[Any]], object]
) -> Iterable[bytes]:
    """Stand where the service would: note what the middleware has found."""
    environ[_FOUND]["environ"] = environ
    start_response("204 No Content", [])
    return ()


def _standing(environ: Mapping[str, Any]) -> Standing:
    roles = str(environ.get("HTTP_X_ROLES") or "").split(",")
    return Standing(
        environ.get("HTTP_X_PROJECT_ID") or None,
        tuple(one for one in roles if one),
        is_of_system=environ.get("HTTP_OPENSTACK_SYSTEM_SCOPE") == "all",
    )
