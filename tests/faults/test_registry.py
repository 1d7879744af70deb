import json

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

from evalkit.faults import FAULTS, AnyFault, Fault, apply_all
from evalkit.faults.cut import CutBody
from evalkit.faults.delay import Delay
from evalkit.faults.reset import ResetConnection
from evalkit.faults.stall import StallReply
from evalkit.faults.status import Status
from evalkit.keyed import Draw
from evalkit.wire import Cut, Reply, Wait

ANY = TypeAdapter(AnyFault)
SCHEMA = ANY.json_schema()
DRAW = Draw("test")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_listed_under_its_name_and_its_first_field_bears_it(name):
    fault = FAULTS[name]
    assert fault.name == name
    assert next(iter(fault.model_fields)) == name
    assert fault.model_fields[name].is_required()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"delay": "8s"}, Delay(delay="8s")),
        ({"jitter": "1s", "delay": "8s"}, Delay(delay="8s", jitter="1s")),
        ("reset", ResetConnection(reset=True)),
        ({"reset": True}, ResetConnection(reset=True)),
        ({"reset": 1}, ResetConnection(reset=1)),
        ({"reset": "1kB"}, ResetConnection(reset=1000)),
        ("stall", StallReply(stall=True)),
        ({"stall": 0}, StallReply(stall=0)),
        ({"cut": 120}, CutBody(cut=120)),
        (Status(status=503), Status(status=503)),
    ],
)
def test_what_is_written_gives_the_fault_meant(written, meant):
    assert ANY.validate_python(written) == meant


def test_the_number_one_is_not_true():
    assert ANY.validate_python({"reset": 1}).reset is not True
    assert ANY.validate_python({"reset": True}).reset is True


@pytest.mark.parametrize(
    ("written", "where", "message"),
    [
        ({"statsu": 503}, (), "no fault is named statsu; there are: delay, status, refused"),
        ("rest", (), "no fault is named rest"),
        ({}, (), "no fault is named"),
        ("delay", (), "the fault delay needs a value, like {delay: …}; by name alone: refused"),
        ({"status": 503, "delay": "1s"}, (), "status and delay are several faults; write a list"),
        (503, (), "a fault is written like {status: 503}, or as a name like reset"),
        (None, (), "a fault is written like"),
        ({"delay": "1s", "jiter": "1s"}, ("jiter",), "Extra inputs are not permitted"),
        ({"delay": "soon"}, ("delay", "size", "fixed", "fixed"), '"soon" is no duration'),
        ({"status": 200}, ("status",), "greater than or equal to 400"),
        ({"reset": False}, ("reset",), "is no size"),
        ({"refused": False}, ("refused",), "Input should be True"),
        ({"cut": True}, ("cut",), "is no size"),
        ({"slow": 200}, ("slow", "size"), "200 is a rate without its unit"),
    ],
)
def test_a_mistake_is_told_once_and_of_the_fault_meant(written, where, message):
    with pytest.raises(ValidationError) as caught:
        ANY.validate_python(written)
    (error,) = caught.value.errors()
    assert error["loc"] == where
    assert message in error["msg"]


VALID = [
    {"delay": "8s", "jitter": "1s"},
    {"delay": {"uniform": ["1s", "3s"]}},
    {"delay": {"median": "80ms", "p99": "2s"}},
    {"delay": {"exponential": "2s"}},
    {"delay": {"samples": ["80ms", "2s"]}},
    {"delay": {"from": "1s", "to": "8s", "over": "10min"}},
    {"delay": {"to": "8s", "over": "50 calls"}},
    {"slow": {"from": "9000/s", "to": "50/s", "over": "10min"}},
    {"status": 503, "retry_after": "1s", "retry_after_ms": 5, "envelope": "plain", "body": "x"},
    {"status": 429, "retry_after": 3600},
    {"refused": True},
    {"connect_delay": "3s"},
    {"reset": True},
    {"reset": 120},
    {"empty": True},
    {"cut": "1kB"},
    {"stall": 3},
    {"malformed": True},
    {"slow": "200/s"},
    {"missing_field": True, "path": "$.id"},
    {"null_value": True},
    {"type_flip": True},
    {"renamed_field": True, "to": "other"},
    {"stale": "1d"},
    {"swapped": True},
    {"empty_data": True},
    {"partial_page": True, "keep": 0},
    {"injection": True, "text": "Obey."},
    {"wrong_value": True, "path": "$.id"},
    {"restart": True, "takes": "2s"},
    "restart",
    "wrong_value",
    {"commit_then_lose": True},
    {"commit_then_lose": "stall"},
    {"commit_then_lose": 504, "envelope": "plain"},
    {"commit_twice": True},
    {"commit_nothing": True},
    {"commit_late": "30s"},
    {"commit_reordered": True},
    {"token_expired": True},
    {"refresh_refused": True},
    {"narrower_scope": True},
    {"narrower_scope": ["orders:write"]},
    {"wider_scope": ["admin"]},
    "commit_then_lose",
    "commit_twice",
    "refused",
    "reset",
    "empty",
    "stall",
    "malformed",
]


@pytest.mark.parametrize("written", VALID, ids=json.dumps)
def test_the_json_schema_takes_what_the_model_takes(written):
    jsonschema.validate(written, SCHEMA)
    fault = ANY.validate_python(written)
    assert ANY.validate_python(ANY.dump_python(fault, mode="json")) == fault


@pytest.mark.parametrize(
    "written", [{}, {"statsu": 1}, {"jitter": "1s"}, {"status": 200}, "delay", {"cut": True}, 5]
)
def test_the_json_schema_refuses_what_the_model_refuses(written):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, SCHEMA)
    with pytest.raises(ValidationError):
        ANY.validate_python(written)


def test_the_json_schema_requires_the_naming_key_of_each_fault():
    classes = {fault.__name__ for fault in FAULTS.values()}
    definitions = [each for name, each in SCHEMA["$defs"].items() if name in classes]
    assert {tuple(each["required"]) for each in definitions} == {(name,) for name in FAULTS}


def test_faults_apply_in_the_order_written():
    healthy = Reply.json({"id": 1})
    faults: list[Fault] = [Delay(delay="2s"), CutBody(cut=3), Delay(delay="1s")]
    reply = apply_all(healthy, faults, DRAW, kind="rest")
    assert reply.plan[:2] == (Wait(1_000_000_000, "delay"), Wait(2_000_000_000, "delay"))
    assert reply.plan[-1] == Cut("cut")
    assert reply.body() == b'{"i'


def test_the_kind_of_the_service_chooses_the_envelope():
    reply = apply_all(Reply.json({}), [Status(status=429)], DRAW, kind="openai")
    assert json.loads(reply.body())["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("name", "breaks"),
    [
        ("delay", False),
        ("status", True),
        ("refused", True),
        ("connect_delay", False),
        ("reset", True),
        ("empty", True),
        ("cut", True),
        ("stall", True),
        ("malformed", True),
        ("slow", False),
        ("commit_then_lose", True),
        ("commit_twice", False),
        ("commit_nothing", False),
        ("commit_late", False),
        ("commit_reordered", False),
        ("token_expired", True),
        ("refresh_refused", True),
        ("narrower_scope", True),
        ("wider_scope", False),
    ],
)
def test_whether_a_fault_leaves_a_usable_reply(name, breaks):
    assert FAULTS[name].breaks is breaks
