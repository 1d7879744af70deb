"""What a definition may say, and how its mistakes are told."""

import pytest

from evalkit.errors import SuiteError
from evalkit.services.mcp.uris import UriProblem, parse_uri
from tests.services.asking import load

HEAD = "service: mcp\n"


@pytest.mark.parametrize(
    ("definition", "line", "message"),
    [
        ("", 1, "an mcp service has `tools`, `resources` or `prompts`"),
        ("tools: {a b: {}}", 2, "a tool's name"),
        ("tools: {a: {reply: {text: a, json: b}}}", 2, "a reply has one of"),
        ("tools: {a: {error: no, reply: {}}}", 2, "a tool has one of"),
        ("tools: {a: {reply: {text: '{{ x }}'}}}", 2, "there is no variable `x`"),
        ("tools: {a: {replies: [{if: '1 +'}]}}", 2, "unexpected"),
        ("tools: {a: {input: {type: string}}}", 2, "the protocol asks for `type: object`"),
        ("tools: {a: {input: {type: object, required: id}}}", 2, "no JSON Schema: required"),
        ("tools: {a: {output: {type: object}}}", 2, "answers with `json`"),
        ("tools: {a: {output: {type: object}, reply: {text: a}}}", 2, "answers with `json`"),
        ("tools: {a: {effect: {name: e, key: '1 +'}}}", 2, "unexpected"),
        ("tools: {a: {effect: {name: e, idempotency: x}}}", 2, "there is no variable `x`"),
        ("tools: {a: {}}\nchanges: [{after: 1s}]", 3, "a change has `remove`"),
        ("tools: {a: {}}\nchanges: [{after: 1s, remove: [b]}]", 3, "there is no tool `b` by then"),
        ("tools: {a: {}}\nchanges: [{after: 1s, rename: {b: c}}]", 3, "there is no tool `b`"),
        (
            "tools: {a: {}, b: {}}\nchanges: [{after: 2s, remove: [a]}, {after: 1s, remove: [b]}]",
            *(1, "`changes` stand in the order"),
        ),
        ("resources: {rules: {text: a}}", 2, "`rules` is no URI of a resource"),
        ("resources: {'x://a': {}}", 2, "a resource has one of"),
        ("resources: {'x://a': {text: '{{ arguments }}'}}", 2, "there is no variable `arguments`"),
        ("prompts: {p: {messages: [{text: '{{ path }}'}]}}", 2, "there is no variable `path`"),
        ("tools: {a: {}}\nrevisions: ['2020-01-01']", 3, "2020-01-01"),
        ("tools: {a: {}}\npath: mcp", 3, "a path"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, definition, line, message):
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, HEAD + definition)
    assert [(each.line, message in each.message) for each in caught.value.problems] == [
        (line, True)
    ]


def test_an_mcp_service_takes_no_script(tmp_path):
    with pytest.raises(SuiteError, match="takes no script"):
        load(tmp_path, f"{HEAD}tools: {{a: {{}}}}", "follow: plan")


def test_a_reference_elsewhere_is_never_fetched(tmp_path):
    from tests.services.mcp.support import begun, called

    schema = "{type: object, $ref: 'https://schemas.example/x.json'}"
    service = load(tmp_path, f"{HEAD}answers: json\ntools: {{a: {{input: {schema}}}}}").fresh()
    reply = called(service, begun(service), "a")
    assert "the schema cannot be used" in reply.complaint


@pytest.mark.parametrize(
    ("text", "uri", "values"),
    [
        ("a://b", "a://b", {}),
        ("a://b", "a://b/", None),
        ("a://{x}", "a://1", {"x": "1"}),
        ("a://{x}", "a://", None),
        ("a://{x}", "a://1/2", None),
        ("a://{x}/{y}.json", "a://1/b%20c.json", {"x": "1", "y": "b c"}),
        ("a://(.*)", "a://x", None),
    ],
)
def test_uris(text, uri, values):
    assert parse_uri(text).fit(uri) == values


@pytest.mark.parametrize("text", ["", "a", "/a", "a:// b", "a://{x", "a://{x}/{x}", "a://{1}"])
def test_no_uris(text):
    with pytest.raises(UriProblem):
        parse_uri(text)
