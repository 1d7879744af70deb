import pytest

from evalkit.errors import SuiteError
from evalkit.services import SERVICES, ServiceInfo, load_service
from evalkit.suite.model import ServiceUse
from tests.services.asking import ask, load, value

REST = """
service: rest
hosts: [https://Crm.example.com, "http://localhost:8080"]
routes:
  POST /tickets:
    effect: {name: ticket, key: body.id, idempotency: Idempotency-Key}
    reply: {json: {at: "{{ now }}"}}
"""
SCRIPT = "rules: [{when: {}, reply: {text: hello}}]"


def problems(tmp_path, definition, script=None, **use):
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, definition, script, **use)
    return caught.value.problems


def test_what_the_suite_says_of_a_service_is_kept(tmp_path):
    use = {"price": "no-such-model", "budget": "2s", "attempts": 3, "optional": True}
    template = load(tmp_path, REST, **use, hosts=["https://api.test"])
    assert template.info == ServiceInfo(
        name="mock",
        kind="rest",
        price="no-such-model",
        budget_ns=2_000_000_000,
        attempts=3,
        optional=True,
        hosts=("https://api.test",),
    )


def test_each_world_gets_a_fresh_service(tmp_path):
    template = load(tmp_path, REST)
    one, two = template.fresh(), template.fresh()
    assert one is not two
    assert (one.name, one.kind) == ("mock", "rest")
    assert one.hosts == ("https://crm.example.com", "http://localhost:8080")


def test_the_worlds_start_is_what_services_tell_the_time_by(tmp_path):
    (tmp_path / "service.yaml").write_text(REST)
    use = ServiceUse(use="service.yaml")
    service = load_service("crm", use, tmp_path, starts_at_ns=10**18).fresh()
    assert value(ask(service, "POST", "/tickets", {"id": 1})) == {"at": "2001-09-09T01:46:40.000Z"}


def test_the_kinds_of_services_are_listed(tmp_path):
    assert set(SERVICES) >= {"rest", "openai"}
    (problem,) = problems(tmp_path, "service: rst\nroutes: {}")
    assert (problem.line, problem.column) == (1, 10)
    assert problem.allowed == tuple(SERVICES)
    assert problem.suggestion == "rest"


@pytest.mark.parametrize(
    ("definition", "line", "column", "message"),
    [
        ("routes: {}", 1, 1, 'the key "service" is missing'),
        ("service: rest", 1, 1, 'the key "routes" is missing'),
        ("service: rest\nroutes: {}", 2, 9, "must not be empty"),
        ("service: rest\nhosts: [example.com]\nroutes: {GET /: {reply: {}}}", 2, 9, "no origin"),
        (
            "service: rest\nhosts: ['https://a.b/c']\nroutes: {GET /: {reply: {}}}",
            2,
            9,
            "no origin",
        ),
        ("service: rest\nlatency: 80\nroutes: {GET /: {reply: {}}}", 2, 10, "without its unit"),
        ("service: rest\nroutes:\n  GET /: {}", 3, 10, "`reply` or `replies`"),
        (
            "service: rest\nroutes:\n  GET /: {reply: {}, replies: [{}]}",
            3,
            10,
            "either `reply` or `replies`",
        ),
        ("service: rest\nroutes:\n  GET /: {reply: {text: a, json: b}}", 3, 18, "not both"),
        ("service: rest\nroutes:\n  GET /: {reply: {status: 99}}", 3, 27, "at least 200"),
        ("service: rest\nroutes:\n  GET /: {reply: {jsn: 1}}", 3, 19, 'unknown key "jsn"'),
        ("service: rest\nroutes:\n  GIT /: {reply: {}}", 3, 3, "`GIT /` is no route"),
        (
            "service: rest\nroutes:\n  GET /{a}: {reply: {}}\n  GET /{b}: {reply: {}}",
            4,
            3,
            "takes the same requests as `GET /{a}`",
        ),
        (
            "service: rest\nroutes:\n  GET /: {reply: {json: {a: ['{{ x. }}']}}}",
            3,
            30,
            "expected name or number",
        ),
        (
            "service: rest\nroutes:\n  GET /: {reply: {text: 'a{{ sesion.id }}'}}",
            3,
            25,
            "there is no variable `sesion`",
        ),
        (
            "service: rest\nroutes:\n  GET /: {replies: [{if: 'turn ==', text: a}]}",
            3,
            26,
            "unexpected 'the end'",
        ),
        (
            "service: rest\nroutes:\n GET /:\n  reply: {}\n  effect: {name: e, key: [turn, 'a b']}",
            5,
            33,
            "expected token",
        ),
        (
            "service: rest\nroutes:\n  GET /:\n    reply: {}\n    effect: {name: e, key: 'a b'}",
            5,
            28,
            "expected token",
        ),
        (
            "service: rest\nroutes:\n  GET /: {reply: {headers: {a b: c}}}",
            3,
            29,
            "no name of a header",
        ),
        (
            "service: rest\nroutes:\n  GET /: {reply: {headers: {Content-Length: '9'}}}",
            3,
            29,
            "is set by the world",
        ),
        (
            "service: rest\nroutes:\n GET /:\n  reply:\n   text: |\n    a\n    {{ +* }}",
            5,
            10,
            "(line 2 of the text)",
        ),
    ],
)
def test_a_mistake_in_a_definition_is_located(tmp_path, definition, line, column, message):
    (problem,) = problems(tmp_path, definition)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


@pytest.mark.parametrize(
    ("script", "line", "column", "message"),
    [
        ("rules: []", 1, 1, "`rules`, or follows the plan"),
        ("follow: plans", 1, 9, "is not allowed here"),
        ("rules: [{when: {text: '('}, reply: {text: a}}]", 1, 23, "no regular expression"),
        ("rules: [{when: {turn: 0}, reply: {text: a}}]", 1, 23, "at least 1"),
        ("rules: [{when: {}, reply: {}}]", 1, 27, "`text`, `json`, `calls` or `refusal`"),
        ("rules: [{reply: {text: a, json: b}}]", 1, 17, "one of `text`, `json` and `refusal`"),
        ("rules: [{reply: {text: a, confidence: 2}}]", 1, 39, "at most 1"),
        ("rules: [{reply: {text: a, reasoning: '{{ x }}'}}]", 1, 38, "no variable `x`"),
        (
            "rules: [{reply: {text: a, usage: {input: 1, output: 1, cached: 2}}}]",
            1,
            34,
            "parts of `input`",
        ),
        (
            "rules: [{reply: {text: a, usage: {input: 1, output: 1, reasoning: 2}}}]",
            1,
            34,
            "a part of `output`",
        ),
        ("rules: [{when: {header: {a: '('}}, reply: {text: a}}]", 1, 29, "no regular expression"),
        ("rules: [{reply: {text: '{{ path.id }}'}}]", 1, 24, "there is no variable `path`"),
        (
            "rules: [{reply: {calls: [{name: f, arguments: {a: '{{'}}]}}]",
            1,
            51,
            "unexpected 'end of template'",
        ),
    ],
)
def test_a_mistake_in_a_script_is_located(tmp_path, script, line, column, message):
    (problem,) = problems(tmp_path, "service: openai", script)
    assert problem.file.endswith("script.yaml")
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_all_mistakes_are_told_at_once(tmp_path):
    routes = "{GET a: {reply: {text: '{{ x. }}'}}, GET /b: {reply: {text: '{{ x }}'}}}"
    found = problems(tmp_path, f"service: rest\nroutes: {routes}")
    assert [each.message[:20] for each in found] == [
        "`GET a` is no route:",
        "expected name or num",
        "there is no variable",
    ]
    both = problems(tmp_path, "service: openai\ntokens_per_second: 0", "follow: x")
    assert {each.file.rpartition("/")[2] for each in both} == {"service.yaml", "script.yaml"}


@pytest.mark.parametrize(
    ("more", "column", "message"),
    [
        ("context: 12kB", 10, "a number of tokens is a whole number"),
        ("context: 0", 10, "at least 1"),
        ("models: []", 9, "must not be empty"),
        ("require_key: ''", 14, "the one key that is taken"),
        ("rate_limit: {}", 13, "has `requests` or `tokens`"),
        ("rate_limit: {requests: 0}", 24, "at least 1"),
        ("tokens_per_second: fast", 20, "tokens per second are a number like 80"),
        ("tokens_per_second: {median: 80}", 20, "one of `p1` (slowest) and `p99` (fastest)"),
        ("latency: {samples: []}", 20, "must not be empty"),
    ],
)
@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
def test_a_mistake_in_a_model_is_located(tmp_path, kind, more, column, message):
    (problem,) = problems(tmp_path, f"service: {kind}\n{more}", SCRIPT)
    assert (problem.line, problem.column) == (2, column)
    assert message in problem.message


def test_a_rate_limit_is_felt_by_all_sessions(tmp_path):
    assert not load(tmp_path, "service: openai", SCRIPT).info.shared
    assert load(tmp_path, "service: openai\nrate_limit: {requests: 1}", SCRIPT).info.shared


def test_a_script_is_needed_by_a_model_and_by_nothing_else(tmp_path):
    (problem,) = problems(tmp_path, "service: openai")
    assert "needs a script" in problem.message
    (problem,) = problems(tmp_path, REST, SCRIPT)
    assert "takes no script" in problem.message


@pytest.mark.parametrize(
    "use", [{"use": "nope.yaml"}, {"use": "service.yaml", "script": "nope.yaml"}]
)
def test_a_missing_file_is_a_problem_of_that_file(tmp_path, use):
    (tmp_path / "service.yaml").write_text("service: openai")
    with pytest.raises(SuiteError) as caught:
        load_service("mock", ServiceUse(**use), tmp_path)
    (problem,) = caught.value.problems
    assert problem.file.endswith("nope.yaml")
