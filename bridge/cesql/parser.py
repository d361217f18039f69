# SPDX-License-Identifier: Apache-2.0
"""Reads an expression of CESQL into a function of an event's attributes."""

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bridge.cesql.evaluation import (
    Run,
    among,
    attribute,
    called,
    changed,
    constant,
    exists,
    joined,
    like,
    no_function,
)
from bridge.cesql.functions import FUNCTIONS
from bridge.cesql.operators import BINARY, LOGIC, WEAKEST, Pattern, invert, negate
from bridge.cesql.tokens import (
    END,
    INTEGER,
    MAX_DEPTH,
    NAME,
    TEXT,
    Token,
    Unreadable,
    tokens_of,
)
from bridge.cesql.values import LEAST, MOST

_PREFIXES: Final = frozenset({"NOT", "EXISTS", "+", "-"})


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression: what it gives, and how many levels it has."""

    run: Run
    depth: int = 1


@dataclass(slots=True)
class Parser:
    """Reads one text, once.

    Attributes:
        unknown: Calls of functions that there are not; they are faults of evaluation.
    """

    text: str
    unknown: list[Unreadable] = field(default_factory=list)
    _tokens: list[Token] = field(init=False)
    _at: int = 0
    _nesting: int = 0

    def __post_init__(self) -> None:
        self._tokens = tokens_of(self.text)

    def whole(self) -> Node:
        """Return the expression.

        Raises:
            Unreadable: It is none.
        """
        node = self._expression(WEAKEST)
        if self._next.kind != END:
            raise self._unexpected()
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *kinds: str) -> Token | None:
        token = self._next
        if token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _need(self, kind: str) -> Token:
        token = self._take(kind)
        if token is None:
            raise self._unexpected(f"; {kind} should stand here")
        return token

    def _unexpected(self, hint: str = "") -> Unreadable:
        token = self._next
        if token.kind == END:
            return Unreadable("the expression stops here, unfinished", token.position)
        return Unreadable(f"unexpected {token.value!a}{hint}", token.position)

    def _node(self, run: Run, *parts: Node) -> Node:
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            position = self._tokens[self._at - 1].position
            raise Unreadable(f"is over {MAX_DEPTH} levels deep", position)
        return Node(run, depth)

    def _expression(self, least: int) -> Node:
        left = self._compared()
        while True:
            kind = self._next.kind
            power = WEAKEST if kind in LOGIC else BINARY.get(kind, (0, None))[0]
            if power < least or power == 0:
                return left
            self._at += 1
            right = self._expression(power + 1)
            left = self._node(joined(kind, left.run, right.run), left, right)

    def _compared(self) -> Node:
        """Read what LIKE and IN follow, and these; they bind tighter than others."""
        node = self._single()
        while (token := self._take("NOT", "LIKE", "IN")) is not None:
            negated = token.kind == "NOT"
            word = self._take("LIKE", "IN") if negated else token
            if word is None:
                raise self._unexpected("; LIKE or IN should stand here")
            if word.kind == "LIKE":
                pattern = Pattern(self._need(TEXT).value)
                node = self._node(
                    partial(like, node.run, pattern, negated=negated), node
                )
            else:
                several = self._several()
                runs = [one.run for one in several]
                test = partial(among, node.run, runs, negated=negated)
                node = self._node(test, node, *several)
        return node

    def _single(self) -> Node:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise Unreadable(f"is over {MAX_DEPTH} levels deep", self._next.position)
        node = self._prefixed() if self._next.kind in _PREFIXES else self._atom()
        self._nesting -= 1
        return node

    def _prefixed(self) -> Node:
        token = self._next
        self._at += 1
        if token.kind == "EXISTS":
            return Node(partial(exists, self._need(NAME).value.lower()))
        if token.kind in "+-" and self._next.kind == INTEGER:
            return self._number(token.kind, token.position)
        if token.kind == "+":
            raise self._unexpected("; a number should stand here")
        inner = self._single()
        change = invert if token.kind == "NOT" else negate
        return self._node(partial(changed, change, inner.run), inner)

    def _atom(self) -> Node:
        token = self._next
        if token.kind == INTEGER:
            return self._number("", token.position)
        self._at += 1
        match token.kind:
            case "TRUE" | "FALSE":
                return Node(partial(constant, token.kind == "TRUE"))
            case "(":
                inner = self._expression(WEAKEST)
                self._need(")")
                return inner
            case kind if kind == TEXT:
                return Node(partial(constant, token.value))
            case kind if kind == NAME:
                return self._named(token)
        self._at -= 1
        raise self._unexpected()

    def _number(self, sign: str, position: int) -> Node:
        number = int(sign + self._need(INTEGER).value)
        if not LEAST <= number <= MOST:
            raise Unreadable("a number does not fit 32 bits", position)
        return Node(partial(constant, number))

    def _named(self, token: Token) -> Node:
        if self._next.kind == "(":
            return self._call(token)
        if "_" in token.value:
            raise Unreadable(
                f"{token.value} is no attribute: letters and digits are", token.position
            )
        return Node(partial(attribute, token.value.lower()))

    def _call(self, token: Token) -> Node:
        arguments = self._several(may_be_none=True)
        name = token.value.upper()
        function = FUNCTIONS.get(name)
        if function is None or not function.takes(len(arguments)):
            reason = f"there is no function {name} of {len(arguments)} arguments"
            self.unknown.append(Unreadable(reason, token.position))
            return Node(partial(no_function, reason))
        runs = [one.run for one in arguments]
        return self._node(partial(called, function, runs), *arguments)

    def _several(self, *, may_be_none: bool = False) -> list[Node]:
        self._need("(")
        if may_be_none and self._take(")"):
            return []
        found = [self._expression(WEAKEST)]
        while self._take(","):
            found.append(self._expression(WEAKEST))
        self._need(")")
        return found
