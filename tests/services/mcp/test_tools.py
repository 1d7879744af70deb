"""What tools answer, change, and refuse."""

import pytest

from evalkit.wire import Effect
from tests.services.mcp.support import (
    SECOND,
    begun,
    bodies,
    called,
    desk,
    due,
    error,
    message,
    post,
    result,
)

VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]


def test_pages_follow_on_each_other():
    service = desk()
    session = begun(service)
    first = result(post(service, message("tools/list"), session=session))
    params = {"cursor": first["nextCursor"]}
    second = result(post(service, message("tools/list", **params), session=session))
    names = [tool["name"] for page in (first, second) for tool in page["tools"]]
    assert names == ["get_order", "create_ticket", "list_all"]
    assert "nextCursor" not in second


@pytest.mark.parametrize("version", VERSIONS)
def test_what_older_revisions_do_not_know_is_left_out(version):
    service = desk()
    session = begun(service, version)
    tool = result(post(service, message("tools/list"), session=session))["tools"][0]
    answered = result(called(service, session, "get_order", {"id": "A-1"}))
    knows = version >= "2025-06-18"
    assert ("outputSchema" in tool, "title" in tool) == (knows, knows)
    assert ("structuredContent" in answered) == knows
    assert answered["content"] == [{"type": "text", "text": '{"status":"Ann"}'}]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [({}, "'id' is a required property"), ({"id": 5}, "id: 5 is not of type 'string'")],
)
def test_wrong_arguments(version, arguments, mistake):
    service = desk()
    reply = called(service, begun(service, version), "get_order", arguments)
    message_ = f"Invalid arguments for tool get_order: {mistake}"
    if version == "2025-11-25":
        assert result(reply) == {"content": [{"type": "text", "text": message_}], "isError": True}
    else:
        assert error(reply) == {"code": -32602, "message": message_}
    assert (reply.complaint, reply.breaches) == (None, (message_,))
    assert (reply.failed, reply.effects) == (True, ())


def test_no_arguments_are_an_empty_object():
    service = desk()
    reply = called(service, begun(service), "list_all")
    assert result(reply) == {"content": [{"type": "text", "text": "[1,2]"}], "isError": False}


def test_a_tool_that_fails_says_so_and_changes_nothing():
    service = desk()
    reply = called(service, begun(service), "get_order", {"id": "A-2"})
    assert result(reply) == {"content": [{"type": "text", "text": "no A-2"}], "isError": True}
    assert (reply.failed, reply.complaint) == (True, None)


@pytest.mark.parametrize(
    ("id", "complaint"),
    [
        ("A-3", "its reply breaks its own `output` schema: status: 3 is not of type 'string'"),
        ("A-4", "the condition of none of its replies holds"),
    ],
)
def test_what_the_definition_cannot_answer_is_complained_of(id, complaint):  # noqa: A002
    service = desk()
    reply = called(service, begun(service), "get_order", {"id": id})
    assert error(reply)["code"] == -32603
    assert complaint in reply.complaint


def test_an_effect_stands_in_the_reply():
    service = desk()
    reply = called(service, begun(service), "create_ticket", {"subject": "late"})
    number = result(reply)["structuredContent"]["id"]
    data = {"id": number, "by": "s-1"}
    assert reply.effects == (Effect(name="ticket", key=("late",), data=data),)


def test_a_repetition_gets_the_same_and_changes_nothing():
    service = desk()
    session = begun(service)
    arguments = {"subject": "late", "request_id": "r-1"}
    first = called(service, session, "create_ticket", arguments)
    again = called(service, begun(service), "create_ticket", arguments)
    assert (len(first.effects), again.effects) == (1, ())
    assert result(again) == result(first)
    other = called(service, session, "create_ticket", {**arguments, "subject": "lost"})
    assert (result(other)["isError"], other.effects) == (True, ())
    assert "was used before with different arguments" in result(other)["content"][0]["text"]


def test_a_repetition_of_what_was_lost_is_a_first_call():
    from tests.services.asking import handled, request
    from tests.services.mcp.support import ACCEPT

    service = desk()
    arguments = {"subject": "late", "request_id": "r-1"}
    session = begun(service)
    headers = {"Content-Type": "application/json", "Accept": ACCEPT, "Mcp-Session-Id": session}
    body = message("tools/call", name="create_ticket", arguments=arguments)
    for _ in range(2):
        lost = handled(service, request("POST", "/mcp", body, headers=headers), commit=False)
        assert len(lost.effects) == 1


PROGRESS = {
    "latency": "1s",
    "tools": {"slow": {"latency": "4s", "progress": 4}, "fast": {"latency": "0s", "progress": 1}},
}


@pytest.mark.parametrize(
    ("tool", "token", "times"),
    [
        ("slow", "t", [1, 2, 3, 4, 4]),
        ("slow", 7, [1, 2, 3, 4, 4]),
        ("slow", None, [4]),
        ("slow", True, [4]),
        ("slow", [1], [4]),
        ("fast", "t", [0, 0]),
    ],
)
def test_progress_is_told_to_those_who_ask(tool, token, times):
    service = desk(**PROGRESS)
    params = {"name": tool, "_meta": {"progressToken": token}}
    reply = post(service, message("tools/call", **params), session=begun(service))
    assert due(reply) == [each * SECOND for each in times]
    told = [each["params"] for each in bodies(reply)[:-1]]
    assert [each["progressToken"] for each in told] == [token] * len(told)
    assert [each["progress"] for each in told] == list(range(1, len(told) + 1))


@pytest.mark.parametrize("answers", ["json", "stream"])
def test_every_request_takes_the_services_time(answers):
    service = desk(latency="1s", answers=answers)
    session = begun(service)
    for body in (message("tools/list"), message("tools/call", name="list_all"), message("nothing")):
        assert due(post(service, body, session=session)) == [SECOND]


def test_a_list_that_changes():
    changes = [{"after": "10s", "remove": ["get_order"], "rename": {"list_all": "all"}}]
    service = desk(changes=changes)
    session = begun(service, at=5 * SECOND)

    def names(at):
        page = result(post(service, message("tools/list"), session=session, at=at * SECOND))
        return [tool["name"] for tool in page["tools"]]

    assert names(14) == ["get_order", "create_ticket"]
    assert names(15) == ["create_ticket", "all"]
    gone = called(service, session, "get_order", {"id": "A-1"}, at=15 * SECOND)
    assert error(gone)["message"] == "Unknown tool: get_order"
    assert called(service, session, "all", at=15 * SECOND).failed is False
    # Another session begins anew.
    other = begun(service, at=15 * SECOND)
    assert called(service, other, "list_all", at=15 * SECOND).failed is False
