import pytest
from pydantic import ValidationError

from evalkit.faults import apply_all
from evalkit.faults.narrower_scope import NarrowerScope
from evalkit.faults.refresh_refused import RefreshRefused
from evalkit.faults.token_expired import TokenExpired
from evalkit.faults.wider_scope import WiderScope
from evalkit.keyed import Draw
from evalkit.wire import Access, Head, Reply, Wait


def service(had=("read", "write"), *, used=("write",), grant=None):
    """A reply of something that asks for scopes, after 5 ns."""

    def under(scopes):
        status = 200 if grant or set(used) <= set(scopes) else 403
        access = Access(had=scopes, used=used, grant=grant, under=under, ended=ended)
        reply = Reply.json({"scopes": scopes}, status=status)
        return Reply(status=status, headers=reply.headers, plan=reply.plan, access=access)

    def ended():
        return Reply(status=400 if grant else 401, plan=(Head(),), taken=(print,))

    return Reply(
        status=under(had).status, plan=under(had).after(5).plan, access=under(had).access, route="r"
    )


def under(fault, reply):
    return apply_all(reply, [fault], Draw("x"), kind="rest")


EXPIRED = TokenExpired(token_expired=True)
REFUSED = RefreshRefused(refresh_refused=True)
ALL = [EXPIRED, REFUSED, NarrowerScope(narrower_scope=True), WiderScope(wider_scope=("admin",))]


def test_an_expired_token_is_refused_and_ended():
    reply = under(EXPIRED, service())
    assert (reply.status, reply.taken, reply.route) == (401, (print,), "r")
    assert reply.plan == (Wait(5), Head("token_expired"))


def test_a_refresh_is_refused_and_nothing_else():
    reply = under(REFUSED, service(grant="refresh_token"))
    assert (reply.status, reply.taken, reply.plan[-1]) == (400, (print,), Head("refresh_refused"))
    for grant in (None, "client_credentials"):
        assert under(REFUSED, service(grant=grant)) == service(grant=grant)
    assert under(EXPIRED, service(grant="refresh_token")) == service(grant="refresh_token")


@pytest.mark.parametrize(
    ("taken", "grant", "had", "status"),
    [
        (True, None, ("read",), 403),
        (True, "client_credentials", ("read",), 200),
        (("read",), None, ("write",), 200),
        (("write", "read"), "refresh_token", (), 200),
    ],
)
def test_narrower(taken, grant, had, status):
    reply = under(NarrowerScope(narrower_scope=taken), service(grant=grant))
    assert (reply.access.had, reply.status) == (had, status)
    assert reply.plan[:2] == (Wait(5), Head("narrower_scope"))


@pytest.mark.parametrize(("grant", "status"), [(None, 200), ("client_credentials", 200)])
def test_wider(grant, status):
    healthy = service(("read",), grant=grant)
    reply = under(WiderScope(wider_scope=("write", "read")), healthy)
    assert (reply.access.had, reply.status) == (("read", "write"), status)
    assert reply.plan[:2] == (Wait(5), Head("wider_scope"))


@pytest.mark.parametrize(
    "fault", [NarrowerScope(narrower_scope=("admin",)), WiderScope(wider_scope=("read",))]
)
def test_what_changes_no_scope_changes_nothing(fault):
    assert under(fault, service()) == service()


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_a_service_that_asks_nobody_is_left_alone(fault):
    assert under(fault, Reply.json({})) == Reply.json({})


@pytest.mark.parametrize("make", [NarrowerScope, WiderScope])
def test_no_scopes_are_a_mistake(make):
    with pytest.raises(ValidationError):
        make.model_validate({make.name: []})
