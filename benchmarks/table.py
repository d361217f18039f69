# SPDX-License-Identifier: Apache-2.0
"""What the rounds have shown, as tables in Markdown; pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.rounds import Drain, Record

_HEADS: Final = (
    *("", "events/s", "client µs", "broker µs", "database µs", "memory MB"),
    *("duplicates", "lost", "rounds"),
)
_NONE: Final = "-"


def table(records: Sequence[Record], rates: Sequence[int]) -> str:
    """Return one row for each contender, those that did not take part too.

    Args:
        records: All of them.
        rates: At which delays were measured.
    """
    heads = [
        *_HEADS[:6],
        *(f"p50 / p99 ms at {rate:,}/s" for rate in rates),
        *_HEADS[6:],
    ]
    return _markdown(heads, (_row(one, rates) for one in records))


def aims(records: Sequence[Record], ours: str, rates: Sequence[int]) -> str:
    """Return the table of what the bridge is to reach beside the others.

    Args:
        records: All of them.
        ours: Name of the one that is compared.
        rates: A low one, whose p99 is compared, and a high one.
    """
    by_name = {one.name: one for one in records}
    mine = by_name[ours]
    rows = [
        _ratio(mine, by_name.get(name), name, aim)
        for name, aim in (
            ("mq-bridge", 1.0),
            ("Node.js amqplib + undici", 1.0),
            ("kombu + requests", 12.0),
        )
    ]
    micros = mine.middle(lambda drain: drain.client_micros)
    rows.append(_bound("client µs an event", micros, 45.0))
    others = (one.delay(rates[0], 99) for one in records if not one.is_ours)
    best = min((one for one in others if one is not None), default=None)
    rows.append(
        _bound(
            f"p99 ms at {rates[0]:,}/s, beside the best peer",
            mine.delay(rates[0], 99),
            best,
        )
    )
    rows += [
        _bound(f"p99 ms at {rate:,}/s", mine.delay(rate, 99), 10.0)
        for rate in rates[1:]
    ]
    return _markdown(("aim", "", "measured", ""), rows)


def notes(records: Sequence[Record]) -> str:
    """Return what there is to say of rounds that do not count, a line each."""
    lines = []
    for one in records:
        if one.absent:
            lines.append(f"- {one.name}: {one.absent}")
        lines += [f"- {one.name}, a round rejected: {why}" for why in one.rejected]
    return "\n".join(lines)


def _row(record: Record, rates: Sequence[int]) -> list[str]:
    if record.absent:
        return [record.name, "not installed", *[_NONE] * (len(_HEADS) + len(rates) - 2)]
    return [
        record.name,
        _figure(record.middle(lambda drain: drain.rate), 0),
        _figure(record.middle(lambda drain: drain.client_micros), 0),
        _figure(record.middle(lambda drain: drain.broker_micros), 0),
        _figure(record.middle(_database) or None, 0),
        _figure(record.middle(lambda drain: drain.memory), 0),
        *(_delay(record, rate) for rate in rates),
        str(record.duplicates),
        str(record.lost),
        f"{len(record.good)} of {len(record.drains) + len(record.broken)}",
    ]


def _database(drain: Drain) -> float:
    # idle, it looks around; that is nobody's
    return drain.database_micros if drain.database_micros >= 1 else 0.0


def _delay(record: Record, rate: int) -> str:
    half, most = record.delay(rate, 50), record.delay(rate, 99)
    return _NONE if half is None else f"{_figure(half, 1)} / {_figure(most, 1)}"


def _ratio(mine: Record, other: Record | None, name: str, aim: float) -> list[str]:
    rate = mine.middle(lambda drain: drain.rate)
    theirs = None if other is None else other.middle(lambda drain: drain.rate)
    ratio = None if rate is None or theirs is None else rate / theirs
    is_met = None if ratio is None else ratio >= aim
    return [
        f"events/s, times those of {name}",
        f"≥ {aim:g}",
        _figure(ratio, 2),
        _met(is_met),
    ]


def _bound(words: str, value: float | None, aim: float | None) -> list[str]:
    is_met = None if value is None or aim is None else value <= aim
    bound = _NONE if aim is None else f"≤ {aim:.3g}"
    return [words, bound, _figure(value, 1), _met(is_met)]


def _met(is_met: bool | None) -> str:  # noqa: FBT001 - a value, not a switch
    return _NONE if is_met is None else ("met" if is_met else "missed")


def _figure(value: float | None, digits: int) -> str:
    return _NONE if value is None else f"{value:,.{digits}f}"


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
