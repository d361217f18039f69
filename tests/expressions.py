# SPDX-License-Identifier: Apache-2.0
"""Makes up conditions and events for properties: plain ones, odd ones, and nonsense."""

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "task", "error", "len", "Ä"])
WORDS = st.sampled_from(
    ["", " ", "a", "b", "ab", "A", "ß", "\u017f", "İ", " b\t", "1", "x" * 9]
)
NUMBERS = st.sampled_from(
    [0, 1, 2, -1, 3, 2**53 + 1, 2**63 - 1, -(2**63)]
) | st.integers(-5, 5)
FLOATS = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.5, 1e308, 1e-308, float(2**53)])
SCALARS = st.none() | st.booleans() | NUMBERS | FLOATS | WORDS | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)
DATA = st.dictionaries(NAMES, VALUES, min_size=3, max_size=7)
"""What an event's `data` may be, with names that EXPRESSIONS ask for."""

_LITERALS = st.sampled_from(
    [
        *("null", "true", "false", "0", "1", "2", "0.5", "9007199254740993", "a", "b"),
        *("''", "' '", "'a'", "'ab'", "'A'", "'ß'", "'1'", '"b"', "`a`", "'\\u00e4'"),
        *("[]", "[1, 2, 'a', null]", "[true, 0.5]", "18446744073709551617"),
    ]
)
_PATHS = st.lists(NAMES, max_size=3).map(lambda names: ".".join(["$", *names]))
_BINARY = st.sampled_from(
    [
        *("=", "!=", "<", "<=", ">", ">=", "and", "or", "in"),
        *("+", "-", "*", "/", "mod", "?.", "->", "=~", "!~"),
    ]
)
_UNARY = st.sampled_from(
    [
        *("not {}", "-{}", "+{}", "({})", "[{}]", "[{}, 1]", "$[{}]", "${{{}}}"),
        *("{}.a", "{}?.b", "{}.c", "{}[0]", "{}[1]", "{}[-1]", "{}['a']", "{}[a]"),
        *("len({})", "str({})", "int({})", "float({})", "bool({})", "isString({})"),
        *("isInteger({})", "isNumber({})", "isBoolean({})", "isList({})"),
        *("isDict({})", "coalesce({})", "isEmpty({})", "{}.len()", "{}.isEmpty()"),
        *("{}.toUpper()", "{}.toLower()", "{}.trim()", "{}.trimLeft()"),
        *("{}.trimRight('a')", "{}?.len()", "{}?.isEmpty()", "{}?.toUpper()"),
        *("{}.any()", "{}.all()", "{}.count()", "{}.sum()", "{}.first()", "{}?.any()"),
        *("{}.matches('^a*b?')", "{}?.matches('a|b')", "{} =~ 'a+'", "{} !~ '(a|b)*'"),
        *("{} =~ '^.$'", "{} =~ '('", "{} =~ '\\\\d'", "{}.toList()", "{}.keys()"),
        *("{}.first(null)", "{}.distinct()", "switch({} => 1)", "{}.foo()", "foo({})"),
    ]
)
_TWOFOLD = st.sampled_from(
    [
        *("{}.where({})", "{}.select({})", "{}.any({})", "{}.all({})", "{}.first({})"),
        *("{}.contains({})", "{}.get({})", "{}?.get({})", "{}.get(a, {})", "{}[{}]"),
        *("{}.containsKey({})", "{}.startsWith({})", "{}.endsWith('a', {})"),
        *(
            "{}.indexOf({})",
            "{}.trim({})",
            "coalesce({}, {})",
            "[{}, {}]",
            "{}.len({})",
        ),
        *(
            "{}?.startsWith({})",
            "{}.where({}).len()",
            "{}.where({}).any()",
            "max({}, {})",
        ),
        *("{}.select({}).sum()", "{}.where({}).select($.a).first()", "{}.matches({})"),
        *("{}.where({}).contains(1)", "{}?.where({})", "{}.select({}).all()"),
    ]
)
EXPRESSIONS = st.recursive(
    _LITERALS | _PATHS | _PATHS,
    lambda inner: (
        st.tuples(inner, _BINARY, inner).map(" ".join)
        | st.tuples(_UNARY, inner).map(lambda both: both[0].format(both[1]))
        | st.tuples(_TWOFOLD, inner, inner).map(lambda all_: all_[0].format(*all_[1:]))
    ),
    max_leaves=7,
)
"""Conditions that parse, most of them; of every operator and method that is compiled."""

_ROWS = st.lists(
    st.fixed_dictionaries(
        {"a": SCALARS, "n": NUMBERS},
        optional={"t": WORDS, "l": st.lists(NUMBERS, max_size=3), "o": st.none()},
    )
    | st.dictionaries(NAMES, SCALARS, max_size=2),
    max_size=4,
)
ROWS = st.fixed_dictionaries(
    {"t": WORDS | st.text(max_size=8), "n": NUMBERS, "f": FLOATS, "rows": _ROWS},
    optional={"s": SCALARS, "l": st.lists(SCALARS, max_size=4), "z": st.none()},
)
"""An event's `data` of a known shape, as FITTING expects it; now and then it is not."""

_MORE, _LESS = st.deferred(lambda: _NUMBER), st.deferred(lambda: _TEXT)
_SOME = st.deferred(lambda: _LIST)
_ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_SUMS = st.sampled_from(["+", "-", "*", "/", "mod"])


def _form(pattern, *parts):
    return st.tuples(*parts).map(lambda given: pattern.format(*given))


_NUMBER = (
    st.sampled_from(["$.n", "$.f", "$.n", "$.s", "1", "0", "-2", "0.5", "int($.t)"])
    | _form("({} {} {})", _MORE, _SUMS, _MORE)
    | _form("len({})", _LESS | _SOME)
    | _form("{}.len()", _LESS | _SOME)
    | _form("{}.indexOf({})", _LESS, _LESS)
    | _form("{}.{}()", _SOME, st.sampled_from(["count", "sum", "first"]))
    | _form("{}[{}]", _SOME, st.sampled_from(["0", "1", "-1", "n"]))
)
_TEXT = (
    st.sampled_from(["$.t", "$.t", "$.s", "$.z", "'a'", "''", "'ß'", "str($.n)"])
    | _form("({} + {})", _LESS, _LESS)
    | _form(
        "{}.{}()",
        _LESS,
        st.sampled_from(["toUpper", "toLower", "trim", "trimLeft", "trimRight"]),
    )
    | _form("coalesce({}, {})", _LESS, _LESS)
    | _form("{}.get({}, {})", st.sampled_from(["$", "$.rows"]), _LESS, _LESS)
)
_LIST = (
    st.sampled_from(["$.rows", "$.rows", "$.l", "[1, 'a', null]", "$.rows[0].l"])
    | _form("{}.where({})", _SOME, st.deferred(lambda: _HOLDS))
    | _form("{}.select({})", _SOME, _MORE | _LESS)
)
_HOLDS = (
    _form("{} {} {}", _MORE, _ORDER, _MORE)
    | _form("{} {} {}", _LESS, _ORDER, _LESS)
    | _form("{} in {}", _LESS | _MORE, _SOME | _LESS)
    | _form(
        "{}.{}({})",
        _LESS,
        st.sampled_from(["startsWith", "endsWith", "contains"]),
        _LESS,
    )
    | _form("{} =~ {}", _LESS, st.sampled_from(["'^a'", "'a|b'", "'a*b?'", "'.*$'"]))
    | _form(
        "{}.{}({})",
        _SOME,
        st.sampled_from(["any", "all"]),
        st.just("") | st.deferred(lambda: _HOLDS),
    )
    | _form("{} = null", st.sampled_from(["$.s", "$.z", "$.rows[0].o", "$.t", "$"]))
)
FITTING = (
    _HOLDS
    | _form("({}) and {}", _HOLDS, _HOLDS)
    | _form("({}) or {}", _HOLDS, _HOLDS)
    | _form("not ({})", _HOLDS)
    | _LIST
)
"""Conditions whose parts fit together, on ROWS."""
