# SPDX-License-Identifier: Apache-2.0
"""Log lines: one each, whatever stands in them."""

import io
import json
import logging
import re

import pytest

from bridge import logs

NASTY = {
    "newline": "a\nb",
    "return": "a\r2026-01-01 INFO bridge: forged",
    "quote": 'a" outcome="delivered',
    "backslash": "a\\nb",
    "escape": "\x1b[2Jgone",
    "delete": "a\x7fb",
    "next-line": "a\x85b",
    "separator": "a\u2028b\u2029c",
    "bidi": "a\u202eb",
    "surrogate": "a\ud800b",
    "null": "\0",
}


@pytest.fixture
def write(capsys):
    """Writes a record at INFO and returns the line of standard error."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    own = {name: logging.getLogger(name).level for name in logs.CHATTY}

    def write(form, message, *args, level="INFO", **extra):
        logs.set_up(level, form)
        logging.getLogger("bridge").info(message, *args, extra=extra)
        return capsys.readouterr().err

    yield write
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in own.items():
        logging.getLogger(name).setLevel(was)


def _but_time(line):
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "", line)


def test_a_line_tells_time_level_logger_message_and_data(write):
    line = write("line", "attempt ended", outcome="succeeded", status=200, error=None)

    time, rest = line.split(" ", 1)
    assert time.endswith("Z")
    assert rest == "INFO bridge: attempt ended outcome=succeeded status=200\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a b", '"a b"'),
        ("", '""'),
        ("a=b", '"a=b"'),
        ('say "x"', r'"say \"x\""'),
        ("Schlüssel", "Schlüssel"),
        ("zwei Schlüssel", '"zwei Schlüssel"'),
        ("a\nb", r'"a\nb"'),
        ("\x1b[2J", r'"\u001b[2J"'),
        (1.5, "1.5"),
    ],
)
def test_a_value_is_quoted_where_it_must_be(write, value, shown):
    assert write("line", "m", key=value).endswith(f" m key={shown}\n")


@pytest.mark.parametrize("form", ["line", "json"])
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nothing_that_is_logged_makes_a_second_line_or_moves_the_cursor(
    write, form, text
):
    line = write(form, "told %s", text, key=text)

    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_a_value_cannot_pass_for_two(write):
    line = write("line", "m", error=NASTY["quote"], state="dead")

    assert line.endswith(r' m error="a\" outcome=\"delivered" state=dead' + "\n")


@pytest.mark.parametrize("form", ["line", "json"])
def test_a_trace_stays_on_its_line(write, form, capsys):
    write(form, "first")
    try:
        int("a\nb\x1b")
    except ValueError:
        logging.getLogger("bridge").exception("broke")

    line = capsys.readouterr().err
    assert line[:-1].isprintable()
    assert "broke" in line
    assert "ValueError" in line


def test_json_keeps_what_was_said(write):
    line = write("json", "told %s", NASTY["bidi"], key=NASTY["newline"], n=1, none=None)

    said = json.loads(line)
    assert said.pop("time").endswith("Z")
    assert said == {
        "level": "INFO",
        "logger": "bridge",
        "message": f"told {NASTY['bidi']}",
        "key": NASTY["newline"],
        "n": 1,
    }


@pytest.mark.parametrize("form", ["line", "json"])
@pytest.mark.parametrize(
    "value", [*NASTY.values(), "plain", "", "a b", "a=b", 'say "x"', "ü", 7, 0.5, None]
)
def test_a_frequent_line_looks_like_any_other(write, capsys, form, value):
    usual = write(form, "told", first="x", key=value, last=value)
    together = logs.frequent(logging.getLogger("bridge"))
    together.tell("bridge", "told", {"first": "x", "key": value, "last": value})

    assert capsys.readouterr().err == ""
    logs.flush()
    assert _but_time(capsys.readouterr().err) == _but_time(usual)


def test_frequent_lines_are_written_before_any_that_follow_them(write, capsys):
    write("line", "first")
    logs.frequent(logging.getLogger("bridge")).tell("bridge", "early", {"n": 1})
    logging.getLogger("bridge").warning("late")

    early, late = capsys.readouterr().err.splitlines()
    assert "early" in early
    assert "late" in late


def test_frequent_lines_are_written_before_logging_is_set_up_anew(write):
    write("line", "first")
    logs.frequent(logging.getLogger("bridge")).tell("bridge", "early", {"n": 1})

    early, late = write("json", "late").splitlines()
    assert "early" in early
    assert "late" in late


def test_lines_are_not_kept_without_end(write, capsys):
    write("line", "first")
    together = logs.frequent(logging.getLogger("bridge"))
    for number in range(logs.MOST_LINES):
        together.tell("bridge", "told", {"n": number})

    assert len(capsys.readouterr().err.splitlines()) == logs.MOST_LINES


def test_a_full_disk_costs_lines_and_hurts_nobody(write):
    write("line", "first")
    together = logs.frequent(logging.getLogger("bridge"))
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        usual = together.setStream(full)
        for number in range(logs.MOST_LINES):
            together.tell("bridge", "told", {"n": number})
        together.tell("bridge", "told", {"n": "last"})
        logs.flush()
        together.setStream(usual)


def test_a_closed_stream_costs_lines_and_hurts_nobody(write, capsys):
    write("line", "first")
    together = logs.frequent(logging.getLogger("bridge"))
    closed = io.StringIO()
    usual = together.setStream(closed)
    closed.close()
    together.tell("bridge", "told", {"n": 1})
    logs.flush()
    together.setStream(usual)
    together.tell("bridge", "told", {"n": 2})
    logs.flush()

    assert capsys.readouterr().err.endswith(" INFO bridge: told n=2\n")


def test_a_program_with_its_own_logging_gets_frequent_lines_as_all_others(write):
    write("line", "first")
    log = logging.getLogger("bridge")
    log.addHandler(handler := logging.NullHandler())
    found = logs.frequent(log)
    log.removeHandler(handler)

    assert found is None


def test_libraries_tell_only_what_is_wrong(write, capsys):
    write("line", "first")
    for name in ("alembic.runtime.migration", "uvicorn.error"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("careful")

    assert capsys.readouterr().err.count("careful") == 2


def test_libraries_are_no_louder_than_the_bridge(write, capsys):
    write("line", "first", level="ERROR")
    logging.getLogger("uvicorn.error").warning("careful")

    assert capsys.readouterr().err == ""
