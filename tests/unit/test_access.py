# SPDX-License-Identifier: Apache-2.0
"""What follows from a token: role, project, and how much is too much."""

import pytest

from bridge.api.rates import Rates
from bridge.api.roles import need, token_in
from bridge.api.strangers import (
    MAX_ADDRESSES,
    MAX_WRONG,
    SPAN_SECONDS,
    Strangers,
)
from bridge.errors import NotAllowed, QuotaReached
from bridge.model import EVERYBODY, Access, Role, digest_of, new_token_text

MEMBER = Access("acme", Role.MEMBER)


def test_a_role_covers_those_before_it():
    covered = {role: [one for one in Role if role.covers(one)] for role in Role}

    assert covered == {
        Role.READER: [Role.READER],
        Role.MEMBER: [Role.READER, Role.MEMBER],
        Role.ADMIN: [Role.READER, Role.MEMBER, Role.ADMIN],
    }


@pytest.mark.parametrize("named", [None, "acme"])
def test_the_own_project_may_be_named_or_left_out(named):
    assert MEMBER.within(named) == MEMBER.own(named) == "acme"


@pytest.mark.parametrize("named", ["default", "other", ""])
def test_another_project_is_refused_in_the_same_words_whether_it_is_there(named):
    with pytest.raises(NotAllowed) as refused:
        MEMBER.within(named)

    assert str(refused.value) == ("project: must be acme, the token's own, or left out")


def test_who_may_see_all_sees_all_and_adds_to_the_default_one():
    assert (EVERYBODY.within(None), EVERYBODY.own(None)) == (None, "default")
    assert EVERYBODY.within("acme") == EVERYBODY.own("acme") == "acme"


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/v1/listeners", "reader"),
        ("POST", "/v1/listeners", "member"),
        ("DELETE", "/v1/listeners/lst_1", "member"),
        ("GET", "/v1/tokens", "admin"),
        ("DELETE", "/v1/tokens/tok_1", "admin"),
        ("GET", "/v1/tokensofmine", "reader"),
        ("GET", "/healthz/", "reader"),
    ],
)
def test_reading_writing_and_tokens_need_different_roles(method, path, role):
    assert need(method, path).role == role


def test_sums_over_all_projects_need_a_token_for_all():
    wanted = need("GET", "/metrics")

    wanted.check(Access(None, Role.READER))
    with pytest.raises(NotAllowed, match="good for acme alone"):
        wanted.check(Access("acme", Role.ADMIN))


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer t"}, "t"),
        ({"authorization": "bearer  t "}, "t"),
        ({"x-auth-token": "t"}, "t"),
        ({"authorization": "Bearer t", "x-auth-token": "u"}, "t"),
        ({"authorization": "Basic dTpw", "x-auth-token": "u"}, "u"),
        ({"authorization": "Bearer "}, None),
        ({"authorization": "Basic dTpw"}, None),
        ({}, None),
    ],
)
def test_a_token_stands_in_either_header(headers, token):
    assert token_in(headers) == token


def test_no_two_tokens_are_alike_and_their_digests_tell_nothing():
    texts = {new_token_text() for _ in range(100)}
    digests = {digest_of(text) for text in texts}

    assert len(texts) == len(digests) == 100
    assert not any(text[4:] in digest for text in texts for digest in digests)


@pytest.mark.parametrize("text", ["", "wnb_", "wnb_" + "a" * 42, "x" * 47, "wnb_ä"])
def test_what_is_no_token_is_not_looked_for(text):
    assert digest_of(text) is None


def test_wrong_tokens_are_counted_for_a_minute():
    strangers = Strangers()
    for _ in range(MAX_WRONG - 1):
        strangers.note("192.0.2.1", now=100.0)
    assert strangers.wait("192.0.2.1", now=100.0) == 0

    strangers.note("192.0.2.1", now=110.0)

    assert strangers.wait("192.0.2.1", now=110.0) == SPAN_SECONDS - 10
    assert strangers.wait("192.0.2.1", now=100.0 + SPAN_SECONDS) == 0
    strangers.note("192.0.2.1", now=100.0 + SPAN_SECONDS)
    assert strangers.wait("192.0.2.1", now=100.0 + SPAN_SECONDS) == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "192.0.2.2", False),
    ],
)
def test_who_has_many_addresses_of_one_network_is_one_stranger(one, other, is_same):
    strangers = Strangers()
    for _ in range(MAX_WRONG):
        strangers.note(one, now=0.0)

    assert (strangers.wait(other, now=0.0) > 0) is is_same


def test_many_addresses_take_little_memory():
    strangers = Strangers()
    for number in range(MAX_ADDRESSES + 5000):
        strangers.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)

    assert len(strangers) == MAX_ADDRESSES


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_rate_holds_over_time_whatever_the_batches():
    clock = Clock()
    rates = Rates(10, clock)
    published = 0
    while clock.now < 1100:
        try:
            rates.take("acme", 37)
            published += 37
        except QuotaReached as err:
            clock.now += err.retry_after.total_seconds() + 1e-6

    assert 1000 <= published <= 1000 + 10 + 37


def test_projects_have_a_rate_each_and_may_have_none():
    rates = Rates(1, Clock())
    rates.take("acme", 5)
    with pytest.raises(QuotaReached):
        rates.take("acme", 1)

    rates.take("other", 1)
    for _ in range(1000):
        Rates(None).take("acme", 1000)
