import jsonschema
import pytest
from pydantic import ValidationError

from evalkit.faults import When

SCHEMA = When.model_json_schema()


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"call": 2, "attempt": 1, "turn": 3, "first": 4},
        {"attempts": [1, 2]},
        {"share": "30%", "per": "attempt"},
        {"share": 0.3},
        {"sequence": [429, "ok", "inject"]},
        {"match": {"path": "/a/*", "body.n": [1, "2", None]}},
        {"until": "3 failures"},
        {"until": "1 failure"},
        {"window": {"from": "3min", "to": "4min"}},
        {"ramp": {"to": "50%", "over": "10min"}},
    ],
)
def test_taken(written):
    jsonschema.validate(written, SCHEMA)
    when = When.model_validate(written)
    assert When.model_validate(when.model_dump(mode="json", exclude_unset=True)) == when


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ({"calls": 2}, "calls"),
        ({"call": 0}, "call"),
        ({"call": True}, "call"),
        ({"call": "2"}, "call"),
        ({"attempts": 1}, "attempts"),
        ({"attempts": [0]}, "attempts"),
        ({"share": "130%"}, "share"),
        ({"per": "session"}, "per"),
        ({"sequence": ["429"]}, "sequence"),
        ({"sequence": [True]}, "sequence"),
        ({"sequence": ["fail"]}, "sequence"),
        ({"match": {"nowhere": 1}}, "match"),
        ({"until": 3}, "until"),
        ({"until": "0 failures"}, "until"),
        ({"window": {"from": "4min", "to": "3min"}}, "window"),
        ({"window": {}}, "window"),
        ({"ramp": {"to": "50%", "over": "0s"}}, "ramp"),
        ({"ramp": {"to": "50%"}}, "ramp"),
    ],
)
def test_refused(written, where):
    with pytest.raises(ValidationError) as caught:
        When.model_validate(written)
    assert {error["loc"][0] for error in caught.value.errors()} == {where}
