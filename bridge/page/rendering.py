# SPDX-License-Identifier: Apache-2.0
"""Renders templates, everything in them escaped, with headers that allow next to nothing."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bridge.page.visit import Visit

_NOTHING: Final = "\N{EN DASH}"
_HOME: Final = Path(__file__).parent
_STATIC: Final = _HOME / "static"

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every page: what it loads is ours, nothing inline runs, nobody frames or keeps it."""

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def render(
    visit: Visit, template: str, *, status: int = 200, **members: object
) -> Response:
    """Return a page."""
    text = _environment().get_template(template).render(visit=visit, **members)
    return HTMLResponse(text, status, dict(HEADERS))


def redirect(url: str) -> Response:
    """Return the answer to a form: look there."""
    return RedirectResponse(url, 303, dict(HEADERS))


def static(name: str) -> Response | None:
    """Return one of our scripts, styles and pictures; None: there is none."""
    body = _files().get(name)
    if body is None:
        return None
    headers = {
        **HEADERS,
        "Cache-Control": "public, max-age=86400",  # its address names what is in it
    }
    return Response(body, 200, headers, _TYPES[Path(name).suffix])


@cache
def _files() -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in sorted(_STATIC.iterdir())}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HOME / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        beyond=_beyond, clock=_clock, lasting=_lasting, number=_number, short=_short
    )
    environment.globals["static"] = _address
    return environment


def _address(name: str) -> str:
    digest = hashlib.sha256(_files()[name]).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def _clock(value: datetime | str | None) -> str:
    """Return a time for people, in UTC, to the second."""
    if value is None:
        return _NOTHING
    text = value if isinstance(value, str) else value.isoformat(sep=" ")
    return text.replace("T", " ")[:19]


def _number(value: Any) -> str:  # noqa: ANN401 - whatever a template counts
    """Return a number for people: three digits that matter."""
    if value is None:
        return _NOTHING
    if value >= 100 or value == int(value):  # noqa: PLR2004 - no more than it shows
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _lasting(seconds: float) -> str:
    """Return how long something lasts, for people.

    Example:
        >>> [_lasting(one) for one in (5, 90, 1800, 86400)]
        ['5 s', '90 s', '30 min', '24 h']
    """
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{_number(seconds / unit)} {name}"
    return f"{_number(seconds)} s"


def _beyond(error: str, status: int | None) -> str:
    """Return what an attempt's error tells beyond its status, which stands beside it.

    Example:
        >>> _beyond("answered 503 Service Unavailable", 503)
        'Service Unavailable'
    """
    return error.removeprefix(f"answered {status}").lstrip()


def _short(text: str, length: int = 36) -> str:
    """Return the beginning of a text that may be long."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
