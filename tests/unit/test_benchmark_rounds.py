# SPDX-License-Identifier: Apache-2.0
"""Which rounds of a benchmark count, and what its tables say of them."""

from collections import Counter

import pytest

from benchmarks.messages import made
from benchmarks.page import caution, machine
from benchmarks.rounds import Arrivals, Delays, Drain, Record, keeps_up
from benchmarks.table import aims, notes, table

RATES = (200, 2000)
SENT = ("e1", "e2", "e3")


def drained(*came, left=0, seconds=2.0):
    arrivals = Arrivals(frozenset(SENT), Counter(came))
    return Drain(
        arrivals,
        left,
        counted=1000,
        seconds=seconds,
        client_seconds=0.1,
        broker_seconds=0.05,
        database_seconds=0.02,
        memory=64.0,
    )


def delayed(*milliseconds, rate=200):
    arrivals = Arrivals(frozenset(SENT), Counter(SENT))
    return Delays(rate, arrivals, milliseconds)


def row_of(text, name):
    line = next(one for one in text.splitlines() if one.startswith(f"| {name}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    ("came", "left", "faults"),
    [
        pytest.param(SENT, 0, [], id="each once"),
        pytest.param(SENT[:2], 0, ["1 lost"], id="one missing"),
        pytest.param((*SENT, "e1"), 0, ["1 came twice"], id="one twice"),
        pytest.param((*SENT, ""), 0, ["1 of somebody else"], id="a stray"),
        pytest.param(
            ("e1", "e2", "e9"), 0, ["1 lost", "1 of somebody else"], id="both"
        ),
        pytest.param(SENT, 2, ["2 unacked"], id="not acked"),
    ],
)
def test_a_round_counts_only_if_each_event_came_once_and_was_acked(came, left, faults):
    assert drained(*came, left=left).faults == faults


def test_a_rejected_round_is_told_but_never_averaged():
    record = Record("one", [drained(*SENT), drained("e1", "e1", "e2", seconds=9)])

    row = row_of(table([record], RATES), "one")

    assert row[1] == "500"
    assert row[-3:] == ["1", "1", "1 of 2"]
    assert notes([record]) == "- one, a round rejected: 1 lost, 1 came twice"


def test_the_median_of_the_rounds_stands_in_the_table():
    rounds = [drained(*SENT, seconds=one) for one in (1.0, 2.0, 4.0)]
    delays = [delayed(1, 1, one) for one in (5.0, 7.0, 60.0)]

    row = row_of(table([Record("one", rounds, delays)], RATES), "one")

    assert row[1:8] == ["500", "100", "50", "20", "64", "1.0 / 7.0", "-"]


def test_who_could_not_be_installed_stands_in_the_table_and_the_notes():
    record = Record("mq-bridge", absent="not installed: mq-bridge")

    heads, _, row = table([record], RATES).splitlines()

    assert "not installed" in row
    assert heads.count("|") == row.count("|")
    assert notes([record]) == "- mq-bridge: not installed: mq-bridge"


def test_the_aims_compare_with_the_best_of_those_who_took_part():
    records = [
        Record("bridge", [drained(*SENT)], [delayed(3.0)], is_ours=True),
        Record("mq-bridge", [drained(*SENT, seconds=1.0)], [delayed(2.0)]),
        Record("kombu + requests", [drained(*SENT, seconds=30.0)], [delayed(9.0)]),
    ]

    text = aims(records, "bridge", RATES)

    assert row_of(text, "events/s, times those of mq")[1:] == ["≥ 1", "0.50", "missed"]
    assert row_of(text, "events/s, times those of k")[1:] == ["≥ 12", "15.00", "met"]
    assert row_of(text, "events/s, times those of N")[1:] == ["≥ 1", "-", "-"]
    assert row_of(text, "p99 ms at 200/s")[1:] == ["≤ 2", "3.0", "missed"]


def test_delays_of_a_contender_that_cannot_keep_up_are_not_measured():
    assert keeps_up(drained(*SENT), 200)
    assert not keeps_up(drained(*SENT), 450)


@pytest.mark.parametrize("form", ["event", "celery", "dramatiq"])
def test_events_of_a_kilobyte_are_made_in_each_form(form):
    one, other = made(2, form, "benchmark", first=6)

    assert (one.id, other.id) == ("e0000006", "e0000007")
    assert 1024 <= len(one.body) < 1600
    assert one.body.count(b"1000000000000000000") == 1


def test_the_page_warns_of_figures_from_a_busy_machine():
    assert "load 9.5 on 2 cores" in caution(9.5, 2)
    assert caution(2.5, 2) == ""


def test_the_page_names_what_took_part_in_which_version():
    assert "nginx 1.22.1" in machine({"nginx": "1.22.1", "undici": None})
    assert "undici" not in machine({"nginx": "1.22.1", "undici": None})
