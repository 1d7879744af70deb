"""Clients of a served mock: Python's, of which two are asynchronous and one blocks, and Node's."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import aiohttp
import httpx2

Got: TypeAlias = "tuple[int, bytes] | str"
"""Status and body, or what the client calls its failure."""


@dataclass(frozen=True)
class Ask:
    """A request. `timeout` is how many seconds a client waits for the next byte, or, if it knows no
    such thing, for the whole.
    """

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0

    def bringing(self, headers: Mapping[str, str]) -> Ask:
        """The same with more headers."""
        return replace(self, headers={**self.headers, **headers})


Client: TypeAlias = Callable[[str, Ask], Awaitable[Got]]
"""What an URL's host answers a request with."""


async def by_httpx2(url: str, ask: Ask) -> Got:
    async with httpx2.AsyncClient(base_url=url, timeout=ask.timeout, verify=False) as client:
        try:
            response = await client.request(
                ask.method, ask.path, content=ask.body, headers=dict(ask.headers)
            )
        except httpx2.HTTPError as error:
            return type(error).__name__
        return response.status_code, response.content


async def by_aiohttp(url: str, ask: Ask) -> Got:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=ask.timeout, sock_read=ask.timeout)
    async with aiohttp.ClientSession(url, timeout=timeout) as client:
        try:
            async with client.request(
                ask.method, ask.path, data=ask.body, headers=ask.headers
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__


async def by_requests(url: str, ask: Ask) -> Got:
    return await asyncio.to_thread(_blocking, url, ask)


def _blocking(url: str, ask: Ask) -> Got:
    import requests

    with requests.Session() as client:
        client.trust_env = False
        try:
            response = client.request(
                ask.method,
                url + ask.path,
                data=ask.body,
                headers=dict(ask.headers),
                timeout=ask.timeout,
            )
        except requests.RequestException as error:
            return type(error).__name__
        return response.status_code, response.content


NODE = """
import readline from "node:readline";
async function ask({ url, method, body, headers, timeout }) {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { method, body, headers, signal });
    const read = Buffer.from(await response.arrayBuffer());
    return { status: response.status, body: read.toString("base64") };
  } catch (error) {
    return { error: error.cause?.code ?? error.name };
  }
}
for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  ask(asked).then((got) => console.log(JSON.stringify({ id: asked.id, ...got })));
}
"""


class Node:
    """One process of Node that asks by its own fetch."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def __call__(self, url: str, ask: Ask) -> Got:
        number = len(self._waiting)
        self._waiting[number] = found = asyncio.get_running_loop().create_future()
        said = {
            "id": number,
            "url": url + ask.path,
            "method": ask.method,
            "body": None if ask.body is None else ask.body.decode(),
            "headers": dict(ask.headers),
            "timeout": round(ask.timeout * 1000),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        got = await found
        if "error" in got:
            return str(got["error"])
        return got["status"], base64.b64decode(got["body"])

    async def listen(self) -> None:
        """Hear what it got, until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            got = json.loads(line)
            if not (waiting := self._waiting[got["id"]]).done():
                waiting.set_result(got)


@asynccontextmanager
async def clients() -> AsyncIterator[Mapping[str, Client]]:
    """All clients that there are here, by their names."""
    found: dict[str, Client] = {
        "httpx2": by_httpx2,
        "aiohttp": by_aiohttp,
        "requests": by_requests,
    }
    if (node := shutil.which("node")) is None:
        yield found
        return
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(node, "--input-type=module", "-e", NODE), stdin=pipe, stdout=pipe, limit=2**24
    )
    asking = Node(process)
    listening = asyncio.ensure_future(asking.listen())
    try:
        yield {**found, "node": asking}
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening
