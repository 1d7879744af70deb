from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import openai
import pytest

from evalkit.errors import UsageError
from evalkit.faults.registry import FAULTS
from evalkit.testing import BRIDGE, Carries, mocked
from tests.testing.crm import CRM, URL, Counter

CLIENTS = ["httpx", "httpx async", "httpx2", "httpx2 async"]
LIBRARIES: dict[str, Any] = {"httpx": httpx, "httpx2": httpx2}


def ask(client: str, url: str = f"{URL}/customers/7", **options: Any) -> httpx.Response:
    """Ask with a client of one of the four kinds."""
    library, _, how = client.partition(" ")
    options = {"timeout": 5, "verify": False, **options}  # making a context takes long
    if not how:
        with LIBRARIES[library].Client(**options) as sync:
            return sync.get(url)

    async def main() -> httpx.Response:
        async with LIBRARIES[library].AsyncClient(**options) as asynchronous:
            return await asynchronous.get(url)

    return asyncio.run(main())


@pytest.mark.parametrize("client", CLIENTS)
def test_services_answer_clients_of_every_kind(client: str) -> None:
    with mocked({"crm": CRM}, vars={"name": "Ann"}) as crm:
        reply = ask(client, f"{crm.url('crm')}/customers/7")
        other = ask(client, "https://api.crm.example/customers/8")
    assert (reply.status_code, reply.json()) == (200, {"id": "7", "name": "Ann"})
    assert other.json()["id"] == "8"
    assert [each.started.path for each in crm.calls] == ["/customers/7", "/customers/8"]
    assert [each.ended.outcome for each in crm.calls if each.ended] == ["replied"] * 2


RAISED = [
    ("reset", "ReadError"),
    ("empty", "RemoteProtocolError"),
    ("garbage", "RemoteProtocolError"),
    ({"cut": 5}, "RemoteProtocolError"),
    ("malformed_chunk", "RemoteProtocolError"),
    ({"wrong_length": 5}, "RemoteProtocolError"),
    ("refused", "ConnectError"),
    ("unknown_host", "ConnectError"),
    ("stall", "ReadTimeout"),
    ({"stall": 4}, "ReadTimeout"),
    ({"delay": "6s"}, "ReadTimeout"),
    ({"connect_delay": "6s"}, "ConnectTimeout"),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("fault", "name"), RAISED)
def test_what_befalls_a_connection_is_the_exception_of_the_client_s_own_library(
    client: str, fault: Any, name: str
) -> None:
    library = LIBRARIES[client.partition(" ")[0]]
    with mocked({"crm": CRM}, faults=[{"at": "crm", "inject": fault}]) as crm:
        with pytest.raises(getattr(library, name)):
            ask(client)
        (call,) = crm.calls
    assert call.ended is not None
    assert len(call.delivered) == 1


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"status": 503}, 503, "Service Unavailable"),
        ({"delay": "4s"}, 200, '"id":"7"'),
        ({"truncated": "50%"}, 200, '{"id"'),
        ({"html": 502}, 502, "<html"),
        ({"sliced": 3}, 200, '"id":"7"'),
        ("missing_field", 200, "{"),
        ({"wrong_length": -5}, 200, '{"id"'),
    ],
)
def test_what_befalls_a_body_is_in_the_response(
    client: str, fault: Any, status: int, text: str
) -> None:
    with mocked({"crm": CRM}, faults=[{"at": "crm", "inject": fault}]):
        reply = ask(client)
    assert reply.status_code == status
    assert text in reply.text


def test_the_table_names_every_fault() -> None:
    assert list(BRIDGE) == list(FAULTS)
    assert BRIDGE["reset"] is Carries.EXCEPTION
    assert BRIDGE["drip"] is Carries.REFUSED


def rule(name: str) -> dict[str, Any]:
    """A rule with a fault of this name."""
    values = {
        "callback_late": "1s",
        "slow": "10/s",
        "drip": "1s",
        "slow_close": "1s",
        "slow_tokens": "1/s",
        "endless_progress": "1s",
        "commit_late": "1s",
    }
    at = "agent" if name == "restart" else "crm"
    return {"at": at, "inject": name if FAULTS[name].bare else {name: values[name]}}


@pytest.mark.parametrize("name", [each for each in BRIDGE if BRIDGE[each] is Carries.REFUSED])
def test_what_it_cannot_carry_is_refused_before_anything_runs(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        mocked({"crm": CRM}, faults=[rule(name)])
    told = "nothing here can restart it" if name == "restart" else f"{name} cannot be carried: "
    assert told in str(caught.value)


def test_a_reply_that_never_comes_needs_a_timeout() -> None:
    with (
        mocked({"crm": CRM}, faults=["crm/hangs"]),
        pytest.raises(UsageError, match="give it a read timeout"),
    ):
        ask("httpx", timeout=None)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_host_that_no_service_declares_is_refused(client: str) -> None:
    with mocked({"crm": CRM}), pytest.raises(AssertionError, match="not mocked"):
        ask(client, "https://elsewhere.example/")


def test_respx_is_as_it_was_afterwards() -> None:
    with mocked({"crm": CRM}):
        assert ask("httpx2").status_code == 200
    for library in (httpx, httpx2):
        with pytest.raises(library.ConnectError), library.Client() as client:
            client.get("http://127.0.0.1:9/")


def test_effects_attempts_and_sessions_are_kept() -> None:
    def pay(client: httpx.Client) -> int:
        return client.post(f"{URL}/refunds", json={"order": 1}).status_code

    faults = [{"at": "crm", "when": {"attempt": 1}, "inject": "commit_then_lose"}]
    with mocked({"crm": CRM}, faults=faults) as crm, httpx.Client() as client:
        with pytest.raises(httpx.ReadError):
            pay(client)
        assert pay(client) == 201
        with crm.session("other"), pytest.raises(httpx.ReadError):
            pay(client)
    assert [each.session for each in crm.effects] == ["test", "test", "other"]
    assert [each.check for each in crm.findings("no-duplicate-effect")] == ["no-duplicate-effect"]


def test_a_class_answers_and_one_that_waits_is_refused() -> None:
    class Slow(Counter):
        async def handle(self, request: object) -> Any:
            await asyncio.sleep(1)

    with mocked({"count": Counter}):
        assert ask("httpx", "https://count.example/").json() == {"count": 1}
    with pytest.raises(UsageError, match="async def handle"), mocked({"count": Slow}):
        pass


def test_head_has_no_body() -> None:
    with mocked({"crm": CRM}) as crm, httpx2.Client() as client:
        assert client.head(f"{URL}/customers/7").content == b""
        assert client.get(f"{URL}/customers/7").json()["id"] == "7"
    assert [each.ended.outcome for each in crm.calls if each.ended] == ["replied"] * 2


@pytest.mark.parametrize("stream", [False, True])
def test_an_sdk_retries_as_it_does_on_a_network(
    stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    script = {"rules": [{"reply": {"text": "hello there"}}]}
    llm = {"service": "openai", "hosts": ["https://api.openai.com"], "script": script}
    messages: Any = [{"role": "user", "content": "hi"}]
    with mocked({"llm": llm}, faults=["llm/fails-once"]) as mock, openai.OpenAI(api_key="k") as sdk:
        create: Callable[..., Any] = sdk.chat.completions.create
        reply = create(model="gpt-4o", messages=messages, stream=stream)
        chunks = [each.choices for each in reply] if stream else [reply.choices]
    text = "".join(
        (each[0].delta if stream else each[0].message).content or "" for each in chunks if each
    )
    assert text == "hello there"
    assert [each.started.sdk_retry for each in mock.calls] == [0, 1]
