# SPDX-License-Identifier: Apache-2.0
"""Strategies that draw events: everything that an engine may say."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from notifier.event import TRACE, Event, EventId
from notifier.event_types import TYPES
from notifier.wire.body import MAX_INTEGER

_RESERVED_MEMBERS = {"type", "timestamp", "data"}
_EDGES = (
    "-",
    ".",
    "*",
    "#",
    "%",
    "%2D",
    "a.b",
    "~0123abcd",
    "é" * 90,
    "a b",
    "語" * 85,
)

# No control characters, no surrogates: what a name may hold.
printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
characters = st.characters(exclude_categories=("Cc", "Cs"))
names = st.one_of(
    st.text(characters, min_size=1, max_size=255), st.sampled_from(_EDGES)
)
short_names = st.text(characters, min_size=1, max_size=60)
projects = st.one_of(
    st.text("abcxyz0189-_", min_size=1, max_size=64),
    st.text(characters, min_size=1, max_size=5),
)
types = st.one_of(
    st.sampled_from(TYPES),
    st.from_regex(r"task\.[a-z][a-z0-9_-]{0,63}", fullmatch=True),
)
times = st.builds(
    lambda time, hours: time.replace(tzinfo=timezone(timedelta(hours=hours))),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),  # noqa: DTZ001 - set above
    st.integers(-12, 14),
) | st.just(datetime(1970, 1, 1, tzinfo=UTC))

json_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | json_text,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(json_text, inner, max_size=4)
    ),
    max_leaves=10,
)
attributes = st.dictionaries(
    st.sampled_from(["sequence", "x", "vendor1"]), short_names, max_size=3
)
traces = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(TRACE, st.text(printable, min_size=1, max_size=60))
)
extras = st.dictionaries(
    st.sampled_from(["id", "source", "specversion"])
    | json_text.filter(lambda name: name not in _RESERVED_MEMBERS),
    json_values,
    max_size=3,
)


@st.composite
def datas(draw: st.DrawFn, kind: str) -> dict[str, object]:
    """Draw ``data``: what is not known is left out."""
    known = {
        "engine": short_names,
        "project": projects,
        "workbook": st.none() | names,
        "workflow": st.none() | names,
        "payload": json_values,
    }
    data = draw(st.fixed_dictionaries({}, optional=known))
    ids = st.fixed_dictionaries(
        {"id": names},
        optional={"parent_id": st.none() | names, "error": st.none() | json_text},
    )
    data["execution"] = draw(ids)
    if kind == "task":
        data["task"] = draw(
            st.fixed_dictionaries({"name": names}, optional={"id": names})
        )
    return data


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw an event."""
    event_type = draw(types)
    return Event(
        id=EventId(draw(short_names)),
        source=draw(short_names),
        type=event_type,
        time=draw(times),
        data=draw(datas(event_type.partition(".")[0])),
        attributes={**draw(attributes), **draw(traces)},
        extra=draw(extras),
    )
