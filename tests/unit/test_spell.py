# SPDX-License-Identifier: Apache-2.0
"""How long a listener has been failing only."""

from datetime import UTC, datetime, timedelta

from bridge.delivery.spell import Spell

NOW = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
BORNE = 5 * DAY


def spell_of(*days):
    spell = None
    for day in days:
        spell = Spell.after(spell, NOW + day * DAY, BORNE)
    return spell


def test_it_is_over_after_five_days_of_failures():
    assert not spell_of(0, 1, 2, 3, 4, 4.9).is_over(BORNE)
    assert spell_of(0, 1, 2, 3, 4, 5).is_over(BORNE)


def test_one_failure_is_not_enough_however_long_ago_the_last_one_was():
    assert not spell_of(0).is_over(BORNE)
    assert not spell_of(0, 6).is_over(BORNE)


def test_a_silence_begins_a_new_one():
    spell = spell_of(0, 1, 2, 4.6, 5.6)

    assert spell.since == NOW + 4.6 * DAY
    assert not spell.is_over(BORNE)


def test_the_last_delay_of_the_usual_schedule_is_no_silence():
    assert spell_of(0, 1.2).since == NOW
