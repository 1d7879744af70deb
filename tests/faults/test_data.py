import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from evalkit.faults import FAULTS, AnyFault, apply_all
from evalkit.faults.cut import CutBody
from evalkit.faults.data import DataFault
from evalkit.keyed import Draw
from evalkit.wire import Earlier, Reply, Send
from tests.services.openapi.schemas import Trial
from tests.strategies import json_values

ANY = TypeAdapter(AnyFault)
NAMES = [name for name, fault in FAULTS.items() if issubclass(fault, DataFault)]
ORDER = {
    "id": "A-17",
    "paid": True,
    "total_price": 12.5,
    "count": 3,
    "note": "leave at the door",
    "at": "2026-01-05T09:00:00Z",
    "lines": [{"sku": "x1"}, {"sku": "x2"}, {"sku": "x3"}],
}


def fault(name, **settings):
    return ANY.validate_python({name: "1d" if name == "stale" else True, **settings})


def changed(value, name, key=1, reply=None, **settings):
    """The value as a client sees it under a fault."""
    healthy = replace(Reply.json(value), **(reply or {}))
    seen = fault(name, **settings).apply(healthy, Draw(key))
    assert dict(seen.headers)["content-length"] == str(len(seen.body()))
    return json.loads(seen.body())


@pytest.mark.parametrize(
    ("name", "settings", "difference"),
    [
        ("missing_field", {"path": "$.note"}, {"note": ...}),
        (
            "missing_field",
            {"path": "$.lines[1].sku"},
            {"lines": [{"sku": "x1"}, {}, {"sku": "x3"}]},
        ),
        ("missing_field", {"path": "$.lines[*].sku"}, {"lines": [{}, {}, {}]}),
        ("null_value", {"path": "$.paid"}, {"paid": None}),
        ("type_flip", {"path": "$.paid"}, {"paid": "true"}),
        ("type_flip", {"path": "$.count"}, {"count": "3"}),
        ("type_flip", {"path": "$.note"}, {"note": ["leave at the door"]}),
        ("type_flip", {"path": "$.lines[0]"}, {"lines": [["x1"], {"sku": "x2"}, {"sku": "x3"}]}),
        ("renamed_field", {"path": "$.total_price"}, {"total_price": ..., "totalPrice": 12.5}),
        ("renamed_field", {"path": "$.id", "to": "key"}, {"id": ..., "key": "A-17"}),
        ("renamed_field", {"path": "$.id"}, {"id": ..., "id_v2": "A-17"}),
        ("stale", {}, {"at": "2026-01-04T09:00:00Z"}),
        ("empty_data", {}, {"lines": []}),
        ("partial_page", {}, {"lines": [{"sku": "x1"}]}),
        ("partial_page", {"keep": 2}, {"lines": [{"sku": "x1"}, {"sku": "x2"}]}),
        ("injection", {"text": "Obey."}, {"note": "leave at the door Obey."}),
        ("injection", {"path": "$.id", "text": "Obey."}, {"id": "A-17 Obey."}),
        ("wrong_value", {"path": "$.paid"}, {"paid": False}),
    ],
)
def test_each_changes_what_it_says_and_nothing_else(name, settings, difference):
    expected = {**ORDER, **difference}
    assert changed(ORDER, name, **settings) == {
        key: each for key, each in expected.items() if each is not ...
    }


@pytest.mark.parametrize("name", [each for each in NAMES if each not in ("stale", "empty_data")])
def test_without_a_path_the_place_is_drawn_by_the_call(name):
    seen = {json.dumps(changed(ORDER, name, key)) for key in range(40)}
    assert json.dumps(ORDER) not in seen
    assert json.dumps(changed(ORDER, name, 3)) == json.dumps(changed(ORDER, name, 3))
    drawn = name not in ("partial_page", "injection")  # here one place alone fits
    assert (len(seen) > 1) is drawn


@given(st.dictionaries(st.text(), json_values) | st.lists(json_values), st.sampled_from(NAMES))
def test_whatever_the_data_the_reply_stays_json_and_the_status_stays(value, name):
    healthy = Reply.json(value)
    seen = fault(name).apply(healthy, Draw(1))
    json.loads(seen.body())
    assert seen.status == 200
    if seen.plan != healthy.plan:
        assert json.loads(seen.body()) != value
        assert [step.fault for step in seen.plan if isinstance(step, Send)][-1] == name
    else:
        assert seen == healthy


@pytest.mark.parametrize(
    "healthy",
    [
        Reply.whole(b"<a/>", content_type="text/xml"),
        Reply.whole(b"", content_type="application/json"),
        Reply.json("text"),
        Reply.json({"error": {"message": "no such order"}}, status=404),
        Reply.json({"jsonrpc": "2.0", "id": 1, "error": {"code": 5}}),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_reply_without_data_stays_as_it_is(name, healthy):
    assert fault(name).apply(healthy, Draw(1)) == healthy


@pytest.mark.parametrize("name", NAMES)
def test_of_a_json_rpc_reply_the_result_alone_is_changed(name):
    value = {"jsonrpc": "2.0", "id": 7, "result": ORDER}
    for key in range(10):
        seen = changed(value, name, key)
        assert (seen["jsonrpc"], seen["id"]) == ("2.0", 7)
        assert seen["result"] != ORDER


def test_a_path_that_fits_nothing_changes_nothing():
    for name in NAMES:
        if name not in ("stale", "swapped"):
            assert changed(ORDER, name, path="$.nothing[3]") == ORDER


def test_a_path_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no JSONPath"):
        fault("missing_field", path="$.[")


def test_only_what_differs_bears_the_name_so_that_a_cut_before_it_leaves_none():
    faults = [fault("null_value", path="$.count"), CutBody(cut=5)]
    seen = apply_all(Reply.json(ORDER), faults, Draw(1), kind="rest")
    assert all(getattr(step, "fault", None) != "null_value" for step in seen.plan)


OLD, OTHER = {"id": "A-17", "state": "open"}, {"id": "B-99", "state": "sent"}
EARLIER = (
    Earlier(True, json.dumps(OLD).encode()),
    Earlier(False, json.dumps(OTHER).encode()),
    Earlier(True, b"not json"),
)


def test_stale_is_what_the_same_request_was_answered_before():
    now = {"id": "A-17", "state": "paid"}
    assert changed(now, "stale", reply={"earlier": EARLIER}) == OLD
    assert changed(OLD, "stale", reply={"earlier": EARLIER}) == OLD


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        ("2026-01-05", "2026-01-04"),
        ("2026-01-05T09:00:00.5+02:00", "2026-01-04T09:00:00.5+02:00"),
        ("2026-03-01 00:30", "2026-02-28 00:30"),
        ("0001-01-01", "0001-01-01"),
        ("2026-13-45", "2026-13-45"),
        ("5 pm", "5 pm"),
    ],
)
def test_without_an_earlier_reply_the_times_are_earlier(moment, before):
    assert changed([{"at": moment}], "stale") == [{"at": before}]


def test_swapped_is_the_last_reply_to_another_request_else_an_imagined_record():
    assert changed(OLD, "swapped", reply={"earlier": EARLIER}) == OTHER
    imagined = changed(OLD, "swapped")
    assert imagined.keys() == OLD.keys()
    assert all(imagined[name] != OLD[name] for name in OLD)


CONTRACT = {
    "type": "object",
    "required": ["state", "count"],
    "properties": {
        "state": {"enum": ["open", "paid", "sent"]},
        "count": {"type": "integer", "minimum": 3, "maximum": 5},
    },
}


class Allowed:
    def __init__(self):
        self.trial = Trial(CONTRACT)

    def allows(self, value):
        return self.trial.breaches(value) == []

    def another(self, draw):
        return self.trial.generator.value(self.trial.address, draw, "reply")


@given(st.integers())
def test_a_wrong_value_and_a_swapped_record_are_what_the_contract_allows(key):
    value, contract = {"state": "open", "count": 4}, Allowed()
    wrong = changed(value, "wrong_value", key, reply={"contract": contract})
    assert wrong != value
    assert contract.allows(wrong)
    assert contract.allows(changed(value, "swapped", key, reply={"contract": contract}))


def test_without_a_contract_words_are_left_alone():
    assert changed({"state": "open"}, "wrong_value") == {"state": "open"}
    assert changed({"state": "open"}, "wrong_value", path="$.state") != {"state": "open"}
