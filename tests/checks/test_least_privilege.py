import pytest

from evalkit.checks.least_privilege import LeastPrivilege
from evalkit.suite.model import ServiceUse
from tests.checks.stories import Story, configured, found_with

CRM = {"crm": ServiceUse(use="x.yaml", scopes="orders:read")}
ACCEPTED = {"crm": {"GET /x": ("orders:read",)}}


def asked(*used, **more):
    return Story().turn().call(ended={"scopes_used": used, "scopes_had": used}, **more).reply()


def judged(story, check=None, **facts):
    return found_with(check or LeastPrivilege(), story.end(), **facts)


@pytest.mark.parametrize(
    ("story", "facts", "what"),
    [
        (asked("orders:write"), {"services": CRM}, "takes the scope orders:write, which is not"),
        (asked("orders:write", status=403), {"services": CRM}, "takes the scope orders:write"),
        (
            asked(body={"grant_type": "client_credentials", "scope": "orders:read admin"}),
            {"services": CRM},
            "asked for a token with admin, which is not granted",
        ),
        (
            asked(operation="DELETE /x"),
            {"privileges": ACCEPTED},
            "crm DELETE /x (call #1) is not in the reviewed list of privileges",
        ),
        (
            asked("orders:read", "orders:write"),
            {"privileges": ACCEPTED},
            "(call #1) is not in the reviewed list of privileges with orders:read and orders:write",
        ),
    ],
)
def test_what_nobody_granted(story, facts, what):
    (finding,) = judged(story, **facts)
    assert what in finding.message
    assert finding.calls == (1,)


def test_an_operation_that_is_not_allowed():
    check = configured(LeastPrivilege, only=["crm GET *"])
    (finding,) = judged(asked(operation="POST /x"), check)
    assert finding.expected == "crm GET *"
    assert judged(asked(operation="GET /y"), check) == []
    assert judged(asked(service="erp", operation="POST /x"), check) == []


def test_the_same_again_is_one_finding():
    story = asked("admin").turn().call(ended={"scopes_used": ("admin",)}).reply()
    (finding,) = judged(story, services=CRM)
    assert finding.calls == (1, 2)


@pytest.mark.parametrize(
    ("story", "facts"),
    [
        (asked("orders:read"), {"services": CRM, "privileges": ACCEPTED}),
        (asked("admin"), {"services": {"crm": ServiceUse(use="x.yaml")}}),
        (asked(operation="connect"), {"privileges": ACCEPTED}),
        (asked(operation="GET /no", complaint="no route"), {"privileges": ACCEPTED}),
        (asked(body={"grant_type": "x", "scope": "orders:read"}), {"services": CRM}),
    ],
    ids=["granted", "nothing declared", "no request", "no such operation", "asked for what it has"],
)
def test_what_was_granted_or_never_declared(story, facts):
    assert judged(story, **facts) == []
