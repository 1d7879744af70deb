import pytest

from evalkit.checks import Facts
from evalkit.checks.no_cross_session_leak import NoCrossSessionLeak
from evalkit.journal.views import JournalView
from evalkit.suite.sessions import SessionRecord
from tests.checks.stories import Story, configured

ANNA, BEN = "anna@mail.example", "ben-äö@mail.example"


def facts(sensitive=("email",), **more):
    records = {
        "s1": {"email": ANNA, "tier": "gold-member"},
        "s2": {"email": BEN, "tier": "gold-member", **more},
    }
    return Facts(
        sensitive=sensitive,
        sessions={
            name: SessionRecord(id=name, vars=given, turns=[{"input": "hello"}])
            for name, given in records.items()
        },
    )


def found(story, known=None, check=None):
    other = Story("s2").turn().call(body={"email": BEN}).reply(f"Hello {BEN}").end()
    view = JournalView.of([*story.end().records, *other.records])
    return list((check or NoCrossSessionLeak()).of_world(view, known or facts()))


def first(text="Done.", **call):
    story = Story("s1").turn()
    return (story.call(**call) if call else story).reply(text)


@pytest.mark.parametrize(
    ("story", "ways"),
    [
        (first(f"Hello {BEN}!"), "its reply in turn 1"),
        (first(body={"note": f"of {BEN}"}), "what it asked (call #1)"),
        (first(body={"text": f"last:\n{BEN}"}), "what it asked (call #1)"),
        (first(path="/customers/ben-%C3%A4%C3%B6%40mail.example"), "what it asked (call #1)"),
        (first(says={"email": BEN}, fault="swapped", text=f"{BEN}"), "its reply in turn 1"),
        (Story("s1").turn().reply("x", context={"of": BEN}), "its reply in turn 1"),
    ],
)
def test_what_belongs_to_another_session(story, ways):
    (finding,) = found(story)
    assert finding.message.endswith(f"stands in {ways}")
    assert finding.message.startswith("email of session s2 (ben-äö@mail.example)")
    assert (finding.session, finding.turn) == ("s1", 1)


@pytest.mark.parametrize(
    ("story", "known"),
    [
        (first(f"Hello {ANNA}", body={"email": ANNA}), facts()),
        (first(f"Hello {BEN}"), facts(sensitive=("tier",))),
        (first("You are a gold-member"), facts(sensitive=("tier",))),
        (first(f"Also {BEN}", says={"list": [ANNA, BEN]}), facts()),
        (first("PIN 4711"), facts(sensitive=("pin",), pin="4711")),
        (first("true"), facts(sensitive=("flag",), flag=True)),
    ],
    ids=[
        "its own",
        "not declared",
        "what both have",
        "what a service told it",
        "too short to tell",
        "a flag",
    ],
)
def test_what_may_stand_there(story, known):
    assert found(story, known) == []


def test_what_was_passed_to_a_service_only_because_another_mixed_records_up():
    assert found(first(says={"email": BEN}, fault="swapped", body={"q": BEN})) == []


def test_more_variables_can_be_named():
    check = configured(NoCrossSessionLeak, vars="account")
    known = facts(sensitive=(), account="ACC-998877")
    (finding,) = found(first("Sent to ACC-998877"), known, check)
    assert finding.seen == "account of session s2"


@pytest.mark.parametrize(
    ("number", "text", "leaks"),
    [
        ("D-503", "Compared with D-503.", True),
        ("X4711", "see x4711 and X4711", True),
        ("D-503", "Compared with D-5031.", False),
        ("D-50", "Compared with D-50.", False),
        ("blue", "It is blue.", False),
    ],
)
def test_numbers_of_documents_are_known_again_though_they_are_short(number, text, leaks):
    known = facts(sensitive=("document",), document=number)
    assert len(found(first(text), known)) == leaks


TOKENS = configured(NoCrossSessionLeak, credentials="crm POST /token")


def signed_in(session, token):
    story = Story(session).turn()
    return story.call(
        operation="POST /token", method="POST", says={"access_token": token, "expires_in": 900}
    )


def using(token, own="token-of-the-first", **call):
    """What is found where session s1 has a token of its own, s2 another, and s1 uses one."""
    told = {"headers": (("Authorization", f"Bearer {token}"),)} if token else call
    used = signed_in("s1", own).call(identity="bb", **told).reply()
    other = signed_in("s2", "token-of-the-second").reply()
    view = JournalView.of([*used.end().records, *other.end().records])
    return list(TOKENS.of_world(view, facts()))


@pytest.mark.parametrize(
    "call",
    [{"token": "token-of-the-second"}, {"token": None, "body": {"token": "token-of-the-second"}}],
)
def test_a_token_of_another_session(call):
    (finding,) = using(**call)
    assert finding.message == "a token that was given to session s2 was used (call #2)"
    assert (finding.session, finding.turn, finding.calls) == ("s1", 1, (2,))
    assert "second" not in f"{finding.seen} {finding.expected}"


@pytest.mark.parametrize(
    "call",
    [
        {"token": "token-of-the-first"},
        {"token": "token-of-nobody"},
        {"token": "token-of-the-second", "own": "token-of-the-second"},
        {"token": "token-of-the-second-and-more"},
    ],
    ids=["its own", "of no session", "given to both", "only begins like it"],
)
def test_tokens_that_a_session_may_use(call):
    assert using(**call) == []
