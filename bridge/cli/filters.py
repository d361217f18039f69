# SPDX-License-Identifier: Apache-2.0
"""A listener's filters on a command line: as they are typed, and as they are shown.

::

    --filter "type LIKE 'task.%'"                      CloudEvents SQL
    --filter '{"prefix": {"type": "task."}}'           one of the other dialects
    --filter-json FILE                                 [{"prefix": …}, {"sql": …}]

What they say is the bridge's to judge.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bridge.cli.files import read_file
from bridge.client import Json
from bridge.errors import Invalid

_TYPED: Final = "--filter"
_FILE: Final = "--filter-json"
_EXAMPLE: Final = '{"prefix": {"type": "task."}}'


def read_filters(typed: Iterable[str], file: str | None) -> list[Json] | None:
    """Return the filters that were given; none: all are to be taken away.

    Args:
        typed: Expressions, or filters in JSON; an empty one takes the others away.
        file: With one filter or a list of them, in JSON; ``-`` is standard input. None
            or empty: there is none.

    Returns:
        None where nothing was given at all.

    Raises:
        Invalid: Names the option.
    """
    texts = list(typed)
    if not texts and file is None:
        return None
    filters = [_of(text) for text in map(str.strip, texts) if text]
    return filters + (_in_file(file) if file else [])


def filter_texts(filters: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return filters as they may be typed."""
    return [
        str(one["sql"]) if [*one] == ["sql"] else json.dumps(one, ensure_ascii=False)
        for one in filters
    ]


def _of(text: str) -> Json:
    # no expression begins with a brace
    if not text.startswith("{"):
        return {"sql": text}
    return _object(_TYPED, _parsed(_TYPED, text))


def _in_file(name: str) -> list[Json]:
    found = _parsed(_FILE, read_file(_FILE, name))
    several = found if isinstance(found, list) else [found]
    return [_object(_FILE, one) for one in several]


def _parsed(option: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as err:
        raise Invalid(option, f"is not JSON: {err}; write it as {_EXAMPLE}") from None


def _object(option: str, value: object) -> Json:
    if not isinstance(value, dict):
        raise Invalid(option, f"must hold filters such as {_EXAMPLE}")
    return value
