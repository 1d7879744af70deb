"""Faults of webhooks as pure changes of how they are sent, and the rules that choose them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from evalkit.faults import AnyFault, Rule, Schedule, When, problems_of
from evalkit.faults.callbacks import Sending, Signed
from evalkit.journal.identity import Identities
from evalkit.keyed import Draw
from tests.strategies import json_values

DRAW = Draw("x")
S = 1_000_000_000


def fault(written):
    return TypeAdapter(AnyFault).validate_python(written)


@pytest.mark.parametrize(
    ("written", "sending"),
    [
        ({"callback_late": "30s"}, Sending(wait=30 * S)),
        ("callback_dropped", Sending(lost=True)),
        ("callback_duplicated", Sending(copies=(S,))),
        ({"callback_duplicated": "0s"}, Sending(copies=(0,))),
        ("callback_reordered", Sending(held=60 * S)),
        ({"callback_reordered": "5s"}, Sending(held=5 * S)),
        ("callback_altered", Sending()),
    ],
)
def test_how_a_webhook_is_sent(written, sending):
    assert fault(written).send(Sending(), DRAW) == sending


def test_faults_of_one_webhook_add_up():
    sending = Sending()
    for written in ({"callback_late": "1s"}, "callback_duplicated", {"callback_late": "2s"}):
        sending = fault(written).send(sending, DRAW)
    assert sending == Sending(wait=3 * S, copies=(S,))


@given(json_values)
def test_an_altered_body_says_something_else(value):
    body = json.dumps(value).encode()
    changed = fault("callback_altered").alter(Signed(body, ()), DRAW).body
    assert json.loads(changed) != value
    assert changed == fault("callback_altered").alter(Signed(body, ()), DRAW).body


@pytest.mark.parametrize("body", [b"", b"a", b"plain text?", b"[]", b"{}"])
def test_what_has_no_values_is_altered_too(body):
    assert fault("callback_altered").alter(Signed(body, ()), DRAW).body != body


@pytest.mark.parametrize(
    ("how", "headers"),
    [("signature", {"x-sig": "sha256=ab0", "a": "b"}), ("unsigned", {"a": "b"})],
)
def test_an_altered_signature(how, headers):
    signed = Signed(b"{}", (("a", "b"), ("x-sig", "sha256=abc")), frozenset({"x-sig"}))
    changed = fault({"callback_altered": how}).alter(signed, DRAW)
    assert (changed.body, dict(changed.headers)) == (b"{}", headers)


@pytest.mark.parametrize(
    "written",
    [{"callback_late": "0s"}, {"callback_late": "25h"}, {"callback_altered": "x"}, "callback_late"],
)
def test_values_that_make_no_sense_are_refused(written):
    with pytest.raises(ValidationError):
        fault(written)


@pytest.mark.parametrize(
    ("at", "operation", "hit"),
    [
        ("pay", "webhook charge.done", True),
        ("pay webhook charge.*", "webhook charge.done", True),
        ("pay webhook refund.*", "webhook charge.done", False),
        ("pay", "POST /charges", False),
        ("crm", "webhook charge.done", False),
    ],
)
def test_a_rule_of_webhooks_hits_webhooks_only(at, operation, hit):
    rule = Rule.parse(0, at, When(), (fault("callback_dropped"),))
    place = Identities().begin("s", 1, "pay", operation, "x")
    decision = Schedule(rules=(rule,), seed=0, scenario="x").decide(place)
    assert bool(decision.fired) == hit


def test_another_rule_of_the_service_spares_its_webhooks():
    rule = Rule.parse(0, "pay", When(), (fault({"status": 503}),))
    place = Identities().begin("s", 1, "pay", "webhook done", "x")
    assert Schedule(rules=(rule,), seed=0, scenario="x").decide(place).fired == ()


@pytest.mark.parametrize(
    ("at", "faults", "when", "problem"),
    [
        ("pay webhook *", ["callback_dropped"], {}, None),
        ("pay", ["callback_dropped", {"callback_late": "1s"}], {"share": "5%"}, None),
        ("pay POST *", ["callback_dropped"], {}, "write `at: pay webhook NAME`"),
        ("pay", ["callback_dropped", "reset"], {}, "give the other faults a rule of their own"),
        ("pay webhook *", ["reset"], {}, "faults called callback_"),
        ("pay", ["callback_dropped"], {"sequence": [503, "inject"]}, "allowed: ok, inject"),
    ],
)
def test_the_mistakes_of_a_rule(at, faults, when, problem):
    parsed = tuple(map(fault, faults))
    rule = Rule.parse(0, at, When.model_validate(when), parsed)
    assert [problem in each for each in problems_of(rule)] == ([] if problem is None else [True])
