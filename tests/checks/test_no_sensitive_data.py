import pytest

from evalkit.checks.no_sensitive_data import NoSensitiveData
from evalkit.suite.sessions import SessionRecord
from tests.checks.stories import Story, configured, found_in_world, found_with

SSN = "078-05-1120"
RECORD = {"s1": SessionRecord(id="s1", vars={"ssn": SSN, "pin": "07"}, turns=[{"input": "x"}])}
VARS = {"vars": "ssn", "to": "kyc"}
FIELDS = {"fields": {"crm GET /x": "$.salary"}, "replies": True}


def judged(story, sensitive=("ssn", "pin"), **settings):
    check = configured(NoSensitiveData, **settings) if settings else NoSensitiveData()
    return found_with(check, story.end(), sessions=RECORD, sensitive=sensitive)


@pytest.mark.parametrize(
    ("settings", "story", "where"),
    [
        (VARS, Story().turn().reply(f"Yours is {SSN}"), "ssn stands in the reply of turn 1"),
        (VARS, Story().turn().reply("Yours is 078051120."), "ssn stands in the reply of turn 1"),
        (VARS, Story().turn().reply("x", context={"id": SSN}), "stands in the reply of turn 1"),
        (VARS, Story().turn().call("llm", body={"q": SSN}).reply(), "what llm was sent (call #1)"),
        (VARS, Story().turn().call("llm", path=f"/x?q={SSN}").reply(), "what llm was sent"),
        (
            VARS,
            Story().turn().reply(None, None, error=f"the agent answered 500: {SSN} is unknown"),
            "ssn stands in the reply of turn 1",
        ),
        (VARS, Story().turn().log(f"of {SSN}").reply(), "ssn stands in the log (agent)"),
        (VARS, Story().turn().log("found", who={"ssn": SSN}).reply(), "stands in the log (agent)"),
        ({}, Story().turn().call("kyc", body={"q": SSN}).reply(), "what kyc was sent (call #1)"),
        (
            FIELDS,
            Story().turn().call(says={"salary": 54321}).call("llm", body="54321").reply(),
            "$.salary of crm GET /x stands in what llm was sent (call #2)",
        ),
    ],
)
def test_where_it_has_no_business(settings, story, where):
    (finding,) = judged(story, **settings)
    assert where in finding.message
    assert SSN not in finding.message


@pytest.mark.parametrize(
    ("settings", "story"),
    [
        (VARS, Story().turn().call("kyc", body={"q": SSN}).reply("Thank you.")),
        (VARS, Story().turn().reply("Yours ends in 1120.")),
        ({}, Story().turn().reply("In 07 days.")),
        ({**VARS, "replies": True}, Story().turn().reply(SSN)),
        ({**VARS, "logs": True}, Story().turn().log(SSN).reply()),
        (VARS, Story().turn().log("found", who={"ssn": "…1120"}).reply()),
        (FIELDS, Story().turn().call(says={"salary": 54321}).reply("It is 54321.")),
        ({"vars": "iban"}, Story().turn().reply(SSN)),
        (VARS, Story().turn().reply(None, None, error=f"ValueError: {SSN} is no number")),
    ],
    ids=[
        "allowed",
        "a part of it",
        "too short",
        "may be said",
        "may be logged",
        "hidden in the log",
        "may be said too",
        "not in it",
        "an exception that nobody is told",
    ],
)
def test_where_it_may_be_or_is_not(settings, story):
    assert judged(story, **settings) == []


@pytest.mark.parametrize(
    ("logger", "text", "where"),
    [
        ("app", f"of {SSN}", "the log (app)"),
        ("output", f"of {SSN}", "what the agent printed"),
        ("app", "of nobody", None),
    ],
)
def test_what_was_logged_for_nobody_in_particular(logger, text, where):
    nobody = Story(session=None).log(text, logger=logger)
    check = configured(NoSensitiveData, **VARS)
    session = Story().turn().reply().end()
    found = found_in_world(check, session, nobody, sessions=RECORD)
    assert [each.message for each in found] == ([f"ssn stands in {where}"] if where else [])
    assert {each.session for each in found} <= {"s1"}


@pytest.mark.parametrize(("service", "sent"), [("llm", True), ("kyc", False)])
def test_what_was_sent_for_nobody_in_particular(service, sent):
    nobody = Story(session=None).call(service, body={"q": SSN})
    check = configured(NoSensitiveData, **VARS)
    session = Story().turn().call("kyc").reply().end()
    found = found_in_world(check, session, nobody, sessions=RECORD)
    assert [(each.message, each.session, each.calls) for each in found] == (
        [("ssn of session s1 stands in what llm was sent (call #1)", None, (1,))] if sent else []
    )
