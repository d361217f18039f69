# SPDX-License-Identifier: Apache-2.0
"""``/docs``: the OpenAPI document as one plain page, which loads nothing."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem;
       padding: 0 1rem; }}
h3 code {{ font-weight: normal; }}
td, th {{ padding: .1rem 1rem .1rem 0; text-align: left; vertical-align: top; }}
pre {{ overflow: auto; }}
</style>
<h1>{title} {version}</h1>
<p>{summary} The whole description: <a href="openapi.json">openapi.json</a>.</p>
{operations}
<h2>Shapes</h2>
{shapes}
</html>
"""

# Nothing is loaded, nothing runs, nobody may frame it.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def install(app: FastAPI) -> None:
    """Let the application serve the page."""

    async def page() -> HTMLResponse:
        headers = {"Content-Security-Policy": _POLICY}
        return HTMLResponse(render(app.openapi()), headers=headers)

    app.add_api_route("/docs", page, include_in_schema=False)


def render(document: Mapping[str, Any]) -> str:
    """Return an OpenAPI document as HTML."""
    info = document["info"]
    schemas = document["components"]["schemas"]
    return _PAGE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        summary=escape(info["summary"]),
        operations="\n".join(_operations(document["paths"])),
        shapes="\n".join(
            f'<h3 id="{escape(name)}">{escape(name)}</h3>\n'
            f"<pre>{escape(json.dumps(schema, indent=1))}</pre>"
            for name, schema in schemas.items()
        ),
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    tag = None
    for path, methods in paths.items():
        for method, operation in methods.items():
            if operation["tags"] != [tag]:
                (tag,) = operation["tags"]
                yield f"<h2>{escape(tag)}</h2>"
            yield f"<h3>{method.upper()} <code>{escape(path)}</code></h3>"
            yield f"<p>{escape(operation['description'])}</p>"
            yield from _parameters(operation.get("parameters", ()))


def _parameters(parameters: list[Mapping[str, Any]]) -> Iterator[str]:
    if not parameters:
        return
    yield "<table>"
    for one in parameters:
        about = one.get("description", "")
        yield (
            f"<tr><th><code>{escape(one['name'])}</code><td>{escape(one['in'])}"
            f"<td>{escape(about)}"
        )
    yield "</table>"
