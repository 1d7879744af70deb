import pytest
from pydantic import TypeAdapter

from evalkit.faults import AnyFault, Rule, When, problems_of

FAULT = TypeAdapter(AnyFault)


def rule(at="crm", when=None, *inject):
    faults = tuple(FAULT.validate_python(each) for each in inject)
    return Rule.parse(0, at, When.model_validate(when or {}), faults)


@pytest.mark.parametrize(
    ("at", "service", "operation"),
    [
        ("crm", "crm", None),
        ("crm POST /tickets", "crm", "POST /tickets"),
        ("  crm   GET /customers/{id}  ", "crm", "GET /customers/{id}"),
        ("llm chat", "llm", "chat"),
    ],
)
def test_at_is_a_service_and_perhaps_an_operation(at, service, operation):
    parsed = rule(at, None, "reset")
    assert (parsed.service, parsed.operation) == (service, operation)


@pytest.mark.parametrize(
    ("at", "operation", "aimed"),
    [
        ("crm", "GET /customers/{id}", True),
        ("crm GET /customers/{id}", "GET /customers/{id}", True),
        ("crm GET *", "GET /customers/{id}", True),
        ("crm * /customers/*", "GET /customers/{id}", True),
        ("crm GET /customers/{id}", "GET /customers/{name}", False),
        ("crm get *", "GET /customers/{id}", False),
        ("crm POST *", "GET /customers/{id}", False),
    ],
)
def test_an_operation_is_a_glob(at, operation, aimed):
    assert rule(at, None, "reset").aims_at(operation) is aimed


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ((" ", None, "reset"), "`at` names no service"),
        (("crm", None), "nothing is injected"),
        (("crm", {"attempt": 1, "attempts": [1, 2]}, "reset"), "say the same thing"),
        (("crm", {"attempts": []}, "reset"), "`attempts` is empty"),
        (("crm", {"per": "attempt"}, "reset"), "there is no `share`"),
        (("crm", {"share": 0.1, "ramp": {"to": "9%", "over": "1min"}}, "reset"), "keep one"),
        (("crm", {"match": {}}, "reset"), "`match` is empty"),
        (("crm", {"until": "2 failures"}, "refused"), "not allowed: until"),
        (("crm", {"sequence": [200, 429, 600]}), "`sequence` holds 200, 600; allowed"),
        (("crm", {"sequence": ["inject"]}), "there is no `inject:`"),
        (("crm", {"sequence": [503, "ok"]}, "reset"), "`inject:` is never used"),
        (("crm", {"sequence": ["ok"]}), "`sequence` injects nothing"),
        (("crm", {"sequence": []}), "`sequence` injects nothing"),
        (("crm", None, "refused", {"status": 503}), "refused acts on connections"),
        (("crm GET *", None, "refused"), "that could be GET *; write `at: crm`"),
        (("crm", {"call": 2, "turn": 1}, "refused"), "not allowed: call, turn; allowed: share"),
        (("crm", {"share": 0.5, "per": "attempt"}, "refused"), "not allowed: per: attempt"),
    ],
)
def test_a_mistake_is_told(written, problem):
    (told,) = problems_of(rule(*written))
    assert problem in told


@pytest.mark.parametrize(
    "written",
    [
        ("crm", None, "reset"),
        ("crm GET *", {"attempt": 1, "share": "30%"}, {"delay": "1s"}, {"status": 503}),
        ("crm", {"share": "30%", "per": "attempt"}, "reset"),
        ("crm", {"sequence": [429, "ok", "inject"]}, "reset"),
        ("crm", {"sequence": [429, 429, "ok"]}),
        ("crm", {"share": "30%", "first": 2}, {"connect_delay": "3s"}, "refused"),
    ],
)
def test_a_rule_without_mistakes(written):
    assert problems_of(rule(*written)) == []
