import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.keyed import Draw
from evalkit.services.openapi.patterns import Unmade, matching
from tests.services.openapi.schemas import Trial, schemas

LOOP = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/schema"}}}


@given(schemas, st.integers())
def test_what_is_made_fits_its_schema_and_is_the_same_for_the_same_draw(schema, key):
    trial = Trial(schema)
    assert trial.problems == []
    try:
        value = trial.generator.value(trial.address, Draw(key), "reply")
    except Unmade:
        return  # how rarely that happens is tested below, on schemas that can be satisfied
    assert trial.breaches(value) == []
    assert trial.generator.value(trial.address, Draw(key), "reply") == value


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string", "minLength": 50},
        {"type": "string", "maxLength": 0},
        {"type": "string", "format": "email", "maxLength": 30},
        {"type": "integer", "multipleOf": 7, "minimum": 50, "maximum": 56},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
        {"type": "number", "multipleOf": 0.01, "minimum": 19.99, "maximum": 19.99},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "prefixItems": [{"const": 1}], "items": False, "maxItems": 1},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
        {"type": "object", "required": ["a"], "patternProperties": {"^b": {"type": "null"}}},
        {"type": "object", "properties": {"a": {}, "b": False}, "additionalProperties": False},
        {
            "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
            "dependentRequired": {"a": ["b"]},
            "type": "object",
        },
        {"allOf": [{"type": ["integer", "string"]}, {"type": "number", "minimum": 3}]},
        {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 1}]},
        {"anyOf": [{"type": "string", "pattern": "^x"}, {"type": "null"}], "not": {"const": "x"}},
        {"type": "object", "properties": {"self": {"$ref": "#/schema"}}, "minProperties": 1},
        {"type": "array", "items": {"$ref": "#/schema"}},
        {"oneOf": [LOOP, {"type": "null"}]},
    ],
    ids=str,
)
def test_what_can_be_satisfied_is_made(schema):
    trial = Trial(schema)
    for key in range(20):
        assert trial.breaches(trial.generator.value(trial.address, Draw(key), "reply")) == []


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (LOOP, "without end"),
        ({"not": {}}, "no value was found"),
        ({"type": "array", "minItems": 10**9}, "too long"),
        ({"type": "string", "minLength": 10**9}, "too long"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no number fits"),
        ({"type": "string", "pattern": "(?=a)b"}, "no text was found"),
    ],
)
def test_what_cannot_be_made_says_so(schema, why):
    trial = Trial(schema)
    with pytest.raises(Unmade, match=why):
        trial.generator.value(trial.address, Draw(1), "reply")


def test_examples_in_the_schema_are_used_where_they_fit():
    schema = {"type": "object", "required": ["a", "b"], "properties": {}}
    schema["properties"] = {
        "a": {"type": "string", "examples": ["cus_17"]},
        "b": {"type": "integer", "examples": ["not a number"], "minimum": 5, "maximum": 5},
    }
    trial = Trial(schema)
    assert trial.generator.value(trial.address, Draw(1), "reply") == {"a": "cus_17", "b": 5}
    other = trial.generator.value(trial.address, Draw(1), "reply", examples=False)
    assert other["a"] != "cus_17"


@given(
    st.sampled_from(
        [
            r"^[A-Z]{2}\d{3,5}$",
            r"^(cat|dog)-[^a-z]+$",
            r"\w+@\w+\.com",
            r"^\x41\u0042[\-\]x]$",
            r"^(?:ab?){2}c*?$",
            r"^(?P<year>[0-9]{4})-?$",
            r"^[\w.-]{1,64}$",
            "",
        ]
    ),
    st.integers(),
)
def test_a_text_matches_its_pattern(pattern, key):
    import re

    assert re.search(pattern, matching(pattern, Draw(key)))


@pytest.mark.parametrize(
    "pattern", [r"(?=a)a", r"(a)\1", r"^a^", "a" * 3 + "{20000}", "(" * 3000 + ")" * 3000]
)
def test_a_pattern_that_is_too_much_is_told(pattern):
    with pytest.raises(Unmade):
        matching(pattern, Draw(1))
