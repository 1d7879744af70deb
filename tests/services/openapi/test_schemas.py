import pytest

from evalkit.keyed import Draw
from evalkit.services.openapi.patterns import Unmade
from tests.services.openapi.schemas import Trial

ORDER = {
    "type": "object",
    "required": ["id"],
    "properties": {"lines": {"type": "array", "items": {"$ref": "#/line"}}, "id": {}},
}
LINE = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}}


@pytest.mark.parametrize(
    ("schema", "value", "breach"),
    [
        ({"type": "number"}, "12", 'body: "12" is not of type number (schema.type)'),
        (
            {"type": ["integer", "null"]},
            1.5,
            "body: 1.5 is not of type integer or null (schema.type)",
        ),
        ({"enum": ["a", 1]}, True, 'body: true is not one of "a", 1 (schema.enum)'),
        ({"const": None}, 0, "body: 0 is not null (schema.const)"),
        ({"required": ["a", "b"]}, {"a": 1}, "body.b: is missing (schema.required)"),
        ({"minimum": 3}, 2, "body: 2 is less than 3 (schema.minimum)"),
        ({"maxLength": 2}, "abc", 'body: "abc" is longer than 2 (schema.maxLength)'),
        ({"pattern": "^a$"}, "b", 'body: "b" does not match the pattern ^a$ (schema.pattern)'),
        ({"format": "date"}, "2026-02-30", 'body: "2026-02-30" is no date (schema.format)'),
        ({"multipleOf": 0.01}, 1.005, "body: 1.005 is not a multiple of 0.01 (schema.multipleOf)"),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"b": 1},
            "body.b: must not be there (schema.additionalProperties)",
        ),
        (
            {
                "properties": {
                    "a": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["x"]}]}
                }
            },
            {"a": {}},
            "body.a.x: is missing (schema.properties.a.anyOf.1.required)",
        ),
    ],
)
def test_a_breach_says_where_what_and_which_part_of_the_schema(schema, value, breach):
    assert Trial(schema).breaches(value) == [breach]


def test_behind_a_reference_the_place_is_where_the_schema_stands():
    trial = Trial(ORDER, line=LINE)
    assert trial.breaches({"id": 1, "lines": [{"count": 1}, {"count": 0}]}) == [
        "body.lines.1.count: 0 is less than 1 (line.properties.count.minimum)"
    ]


@pytest.mark.parametrize("value", [19.99, 0.07, 1e10, 4])
def test_decimals_are_multiples_as_they_are_written(value):
    assert Trial({"multipleOf": 0.01}).breaches(value) == []


def test_an_unknown_format_and_a_pattern_of_another_dialect_are_not_checked():
    assert Trial({"format": "iban", "pattern": r"^\p{L}+$"}).breaches("x y") == []


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "nullable": True}, [None, "a"], [1]),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, [0.1], [0]),
        ({"type": "number", "maximum": 3, "exclusiveMaximum": False}, [3], [4]),
        ({"$ref": "#/line", "required": ["no"]}, [{"count": 1}], [{"count": 0}]),
        ({"type": "object", "const": 1}, [{}], [1]),
    ],
)
def test_the_schemas_of_openapi_3_0(schema, good, bad):
    trial = Trial(schema, old=True, line=LINE)
    assert trial.problems == []
    assert all(trial.breaches(each) == [] for each in good)
    assert all(trial.breaches(each) for each in bad)


def test_what_is_for_the_other_way_is_not_required():
    schema = {
        "type": "object",
        "required": ["id", "password", "by_reference"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "password": {"type": "string", "writeOnly": True},
            "by_reference": {"$ref": "#/other"},
        },
    }
    trial = Trial(schema, other={"type": "string", "writeOnly": True})
    request = trial.schemas.address(trial.node, "request")
    assert trial.breaches({"id": "a"}) == []
    sent = trial.checker.breaches(request, {"password": "b", "by_reference": "c"}, "body")
    assert sent == []
    assert [each.where for each in trial.checker.breaches(request, {}, "body")] == [
        "body.password",
        "body.by_reference",
    ]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "strin"}, "schema.type: there is no type `strin`; did you mean string?"),
        ({"type": "object", "properties": []}, "schema.properties: `properties` is a mapping"),
        ({"items": 5}, "schema.items: a schema is a mapping"),
        ({"allOf": []}, "schema.allOf: `allOf` is a list of schemas, at least one"),
        ({"minimum": "3"}, "schema.minimum: `minimum` is a number"),
        ({"required": "id"}, "schema.required: `required` is a list of names"),
        ({"$ref": "#/lime"}, "`#/lime` leads nowhere: there is no `lime`; did you mean `line`?"),
        ({"$ref": "https://example.com/a.json"}, "is elsewhere; keep a copy beside this file"),
        ({"$ref": "../a.yaml"}, "is outside of the suite's folder"),
        ({"$ref": "#/schema"}, "the reference leads back to itself"),
        ({"allOf": [{"$ref": "#/schema"}]}, "this schema applies to itself without end"),
    ],
)
def test_a_mistake_in_a_schema_is_told(schema, message):
    (problem,) = Trial(schema, line=LINE).problems
    assert message in problem.message


def test_a_value_nested_without_end_is_a_breach_and_no_crash():
    trial = Trial({"type": "array", "items": {"$ref": "#/schema"}})
    value: list[object] = []
    for _ in range(5000):
        value = [value]
    (breach,) = trial.breaches(value)
    assert "cannot be checked" in breach


def test_a_number_too_large_for_a_float_is_a_breach_and_no_crash():
    (breach,) = Trial({"multipleOf": 0.01}).breaches(float("inf"))
    assert "is not a multiple of 0.01" in breach


def test_schemas_that_refer_to_one_another_for_long_are_no_crash():
    chain = {f"s{number}": {"allOf": [{"$ref": f"#/s{number + 1}"}]} for number in range(3000)}
    trial = Trial({"$ref": "#/s0"}, **chain, s3000={"type": "string"})
    assert trial.problems == []
    (breach,) = trial.breaches(5)
    assert "cannot be checked" in breach
    with pytest.raises(Unmade, match="nested too deep"):
        trial.generator.value(trial.address, Draw(1), "reply")
