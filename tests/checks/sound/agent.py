"""Patterns of sound agents, one for each session: what its variable `pattern` names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from openai import AsyncOpenAI

from evalkit import Reply, Turn

WORTH_RETRYING = frozenset({408, 429, 500, 502, 503, 504})


class Down(Exception):
    """Nothing usable came in the attempts allowed."""


@dataclass
class Desk:
    """What all sessions share: clients, a cache, a token, tasks that go on after a reply."""

    http: httpx.AsyncClient
    llm: AsyncOpenAI
    cache: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def call(self, method: str, url: str, attempts: int = 3, **given: Any) -> httpx.Response:
        """The reply, tried so often, with pauses that grow or that the service asks for."""
        for number in range(1, attempts + 1):
            pause = 0.3 * 2**number
            try:
                async with asyncio.timeout(1.2):
                    reply = await self.http.request(method, url, **given)
                if reply.status_code not in WORTH_RETRYING:
                    return reply
                pause = float(reply.headers.get("retry-after") or pause)
            except (httpx.HTTPError, TimeoutError):
                pass
            if number < attempts:
                await asyncio.sleep(pause)
        raise Down(url)

    async def shop(self, method: str, path: str, key: str | None = None, **given: Any) -> Any:
        """A call of the shop."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.call(method, os.environ["SHOP_URL"] + path, headers=headers, **given)

    async def authorised(self, path: str) -> Any:
        """A record of the CRM; a token that has expired is renewed by whoever sees it first."""
        for _ in range(3):
            used = self.token
            if used is not None:
                bearer = {"Authorization": f"Bearer {used}"}
                reply = await self.call("GET", os.environ["CRM_URL"] + path, headers=bearer)
                if reply.status_code != 401:
                    return reply.json()
            async with self.signing_in:
                if self.token == used:
                    await self.sign_in()
        raise Down("sign-in")

    async def sign_in(self) -> None:
        """Get a token for all sessions."""
        asked = {"grant_type": "client_credentials", "client_id": "bot", "scope": "crm:read"}
        asked |= {"client_secret": "not-a-secret"}
        reply = await self.call("POST", os.environ["CRM_URL"] + "/oauth/token", data=asked)
        self.token = reply.json()["access_token"]


async def parallel(desk: Desk, turn: Turn) -> str:
    """The same operation several times side by side, twice with the same argument."""
    ids = ("i1", "i2", "i3", "i1")
    return str(len(await asyncio.gather(*(desk.shop("GET", f"/items/{each}") for each in ids))))


async def paging(desk: Desk, turn: Turn) -> str:
    """Page after page."""
    page, items = 1, []
    while page:
        found = (await desk.shop("GET", "/items", params={"page": page})).json()
        items += found["data"]
        page = found["next"]
    return str(items)


async def polling(desk: Desk, turn: Turn) -> str:
    """A job is asked for until it is done."""
    job = (await desk.shop("POST", "/jobs", json={"what": turn.session.id})).json()
    while True:
        reply = await desk.shop("GET", f"/jobs/{job['id']}")
        if reply.json().get("answer"):
            return "done"
        await asyncio.sleep(float(reply.headers.get("retry-after") or 1))


async def polling_what_is_missing(desk: Desk, turn: Turn) -> str:
    """A file is asked for until it is there."""
    for _ in range(15):
        if (await desk.shop("GET", "/exports/e1")).status_code == 200:
            return "ready"
        await asyncio.sleep(0.7)
    return "It takes longer."


async def _first_of(tasks: list[asyncio.Task[Any]]) -> Any:
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for each in rest:
        each.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    return done.pop().result()


async def hedged(desk: Desk, turn: Turn) -> str:
    """A reading that is slow is asked for once more, of a replica; the first to come counts."""
    first = asyncio.create_task(desk.shop("GET", "/items/i1"))
    if not (await asyncio.wait({first}, timeout=0.25))[0]:
        url = os.environ["REPLICA_URL"]
        second = asyncio.create_task(desk.call("GET", f"{url}/items/i1"))
        return str((await _first_of([first, second])).json()["name"])
    return str(first.result().json()["name"])


async def replica(desk: Desk, turn: Turn) -> str:
    """Where the shop cannot be read, its replica can."""
    try:
        reply = await desk.shop("GET", "/items/i1", attempts=2)
    except Down:
        reply = await desk.call("GET", f"{os.environ['REPLICA_URL']}/items/i1", attempts=2)
    return str(reply.json()["name"])


async def fresh_key(desk: Desk, turn: Turn) -> str:
    """A key that is refused for its age is replaced."""
    order = {"order": turn.session.id, "card": "visa"}
    reply = await desk.shop("POST", "/charges", key=f"old/{turn.session.id}", json=order)
    if reply.status_code == 400 and "idempotency" in reply.text:
        await desk.shop("POST", "/charges", key=f"new/{turn.session.id}", json=order)
    return "charged"


async def another_card(desk: Desk, turn: Turn) -> str:
    """A card that is declined is replaced by another, under another key."""
    for number, card in enumerate(("declined", "visa")):
        order = {"order": turn.session.id, "card": card}
        key = f"{turn.session.id}/{number}"
        if (await desk.shop("POST", "/charges", key=key, json=order)).status_code == 200:
            return "charged"
    return "declined"


async def charged_anew(desk: Desk, turn: Turn) -> str:
    """What was refunded is charged again."""
    for number, what in enumerate(("charges", "refunds", "charges")):
        order = {"order": turn.session.id, "card": "visa"}
        await desk.shop("POST", f"/{what}", key=f"{turn.session.id}/{number}", json=order)
    return "charged"


async def put_twice(desk: Desk, turn: Turn) -> str:
    """What is to be so is said more than once, and what is to be gone too."""
    for city in ("Bonn", "Bonn", "Kiel", "Bonn"):
        await desk.shop("PUT", f"/profiles/{turn.session.id}", json={"city": city})
    for _ in range(2):
        await desk.shop("DELETE", f"/carts/{turn.session.id}")
    return "moved"


async def cached(desk: Desk, turn: Turn) -> str:
    """What was read once is known to all."""
    if "i2" not in desk.cache:
        desk.cache["i2"] = (await desk.shop("GET", "/items/i2")).json()["name"]
    return desk.cache["i2"]


async def batch(desk: Desk, turn: Turn) -> str:
    """What could not be ordered one by one is ordered together."""
    left = []
    for number in range(3):
        order = {"sku": f"{turn.session.id}-{number}"}
        try:
            await desk.shop("POST", "/orders", key=order["sku"], json=order, attempts=2)
        except Down:
            left.append(order)
    if left:
        orders = {"batch": turn.session.id, "orders": left}
        await desk.shop("POST", "/orders/batch", key=turn.session.id, json=orders)
    return "ordered"


async def probe(desk: Desk, turn: Turn) -> str:
    """Whether the shop is there is asked first; where it is not, a moment is waited."""
    up = await desk.http.get(f"{os.environ['SHOP_URL']}/health")
    if up.status_code != 200:
        await asyncio.sleep(1)
    return str((await desk.shop("GET", "/customers/c1")).json()["id"])


async def shared_token(desk: Desk, turn: Turn) -> str:
    """One token for all sessions, which expires in mid-conversation."""
    await desk.authorised(f"/customers/{turn.session.id}")
    await asyncio.sleep(2)
    paths = (f"/customers/{turn.session.id}", f"/notes/{turn.session.id}")
    return str(len(await asyncio.gather(*map(desk.authorised, paths))))


async def stopped_early(desk: Desk, turn: Turn) -> str:
    """A stream is read until enough has come."""
    asked: Any = [{"role": "user", "content": turn.input}]
    stream = await desk.llm.chat.completions.create(model="gpt-4o", stream=True, messages=asked)
    text = ""
    async with stream:
        async for chunk in stream:
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            if "five" in text:
                break
    return text


async def raced(desk: Desk, turn: Turn) -> str:
    """Two models are asked, and the faster one counts."""

    async def ask(model: str) -> str:
        asked: Any = [{"role": "user", "content": turn.input}]
        reply = await desk.llm.chat.completions.create(model=model, messages=asked)
        return reply.choices[0].message.content or ""

    models = ("gpt-4o", "gpt-4o-mini")
    return str(await _first_of([asyncio.create_task(ask(each)) for each in models]))


async def found_after_loss(desk: Desk, turn: Turn) -> str:
    """Where the reply to a charge is lost, it is looked up before it is made again."""
    order = {"order": turn.session.id, "card": "visa"}
    try:
        await desk.shop("POST", "/charges", key=turn.session.id, json=order, attempts=1)
    except Down:
        await asyncio.sleep(1)
        found = (await desk.shop("GET", "/charges", params={"order": turn.session.id})).json()
        if not found["data"]:
            await desk.shop("POST", "/charges", key=turn.session.id, json=order, attempts=2)
    return "charged"


async def created_or_read(desk: Desk, turn: Turn) -> str:
    """What is there already is read in place of being made."""
    reply = await desk.shop("POST", "/customers", json={"name": f"Ann {turn.session.id}"})
    if reply.status_code == 409:
        reply = await desk.shop("GET", f"/customers/{reply.json()['id']}")
    return str(reply.json()["id"])


async def optimistic(desk: Desk, turn: Turn) -> str:
    """What somebody else has changed is read again, and then written."""
    version = 1
    for _ in range(3):
        written = {"version": version, "text": "x"}
        reply = await desk.shop("PUT", f"/docs/{turn.session.id}", json=written)
        if reply.status_code == 200:
            return "saved"
        version = (await desk.shop("GET", "/customers/c1")).json()["version"]
    raise Down("doc")


async def read_ahead(desk: Desk, turn: Turn) -> str:
    """What the next turn may need is read when this one has been answered."""
    await desk.shop("GET", "/items", params={"page": 1})
    desk.tasks.append(asyncio.create_task(desk.shop("GET", "/items/i2")))
    return "There you are."


PATTERNS: tuple[Callable[[Desk, Turn], Awaitable[str]], ...] = (
    *(parallel, paging, polling, polling_what_is_missing, hedged, replica, fresh_key, another_card),
    *(charged_anew, put_twice, cached, batch, probe, shared_token, stopped_early, raced),
    *(found_after_loss, created_or_read, optimistic, read_ahead),
)


@asynccontextmanager
async def patterns() -> AsyncIterator[Callable[[Turn], Awaitable[Reply]]]:
    """The agent that follows the pattern of each session."""
    known = {each.__name__: each for each in PATTERNS}
    async with httpx.AsyncClient(timeout=10) as http, AsyncOpenAI(max_retries=2) as llm:
        desk = Desk(http, llm)

        async def talk(turn: Turn) -> Reply:
            try:
                return Reply(await known[turn.session.vars["pattern"]](desk, turn), "answered")
            except Down:
                return Reply("Sorry, not now.", "degraded")

        yield talk
