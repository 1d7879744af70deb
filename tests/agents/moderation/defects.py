"""The moderator of scenarios/moderation with one mistake of orchestration at a time."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[3] / "scenarios/moderation"))

import agent
import attempts
import backends
import breaker
import classifiers
import moderator
from attempts import Stage, Unavailable

from evalkit import Reply, Turn

Talk: TypeAlias = Callable[[Turn], Awaitable[Reply]]
Factory: TypeAlias = Callable[[], AbstractAsyncContextManager[Talk]]


def replacing(owner: Any, name: str, by: Any) -> Factory:
    """The sound moderator with one thing replaced."""

    @asynccontextmanager
    async def made() -> AsyncIterator[Talk]:
        with patch.object(owner, name, by):
            async with agent.moderation_agent() as talk:
                yield talk

    return made


sound = agent.moderation_agent


# -- time and attempts


async def _as_long_as_it_takes(call: Callable[[], Awaitable[Any]], stage: Stage) -> Any:
    forever = Stage(attempts=stage.attempts, each=3600, within=7200, pause=stage.pause)
    return await _attempt(call, forever)


_attempt = attempts.attempt


@asynccontextmanager
async def waits_for_ever() -> AsyncIterator[Talk]:
    """No stage has an end, and neither has the client."""
    made = agent.httpx2.AsyncClient
    with (
        patch.object(classifiers, "attempt", _as_long_as_it_takes),
        patch.object(agent.httpx2, "AsyncClient", lambda **given: made(timeout=None)),
    ):
        async with agent.moderation_agent() as talk:
            yield talk


async def _each_attempt_alone(call: Callable[[], Awaitable[Any]], stage: Stage) -> Any:
    return await _attempt(call, Stage(stage.attempts, stage.each, 60.0, stage.pause))


limits_attempts_but_not_the_stage = replacing(classifiers, "attempt", _each_attempt_alone)


async def _five_times(call: Callable[[], Awaitable[Any]], stage: Stage) -> Any:
    return await _attempt(call, Stage(5, stage.each, 60.0, stage.pause))


tries_five_times = replacing(classifiers, "attempt", _five_times)


async def _once(call: Callable[[], Awaitable[Any]], stage: Stage) -> Any:
    return await _attempt(call, Stage(1, stage.each, stage.within, stage.pause))


never_tries_again = replacing(classifiers, "attempt", _once)
ignores_retry_after = replacing(attempts, "retry_after", lambda headers: None)
retries_without_a_pause = replacing(attempts, "backoff", lambda number, stage: 0.0)


# -- the circuit breaker


async def _always(self: breaker.Breaker, call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()


has_no_breaker = replacing(breaker.Breaker, "guard", _always)


def _all_at_once(self: breaker.Breaker) -> bool:
    return self._until is None or asyncio.get_running_loop().time() >= self._until


lets_everybody_try = replacing(breaker.Breaker, "_lets_through", _all_at_once)


def _for_good(self: breaker.Breaker) -> bool:
    return self._until is None


never_closes_again = replacing(breaker.Breaker, "_lets_through", _for_good)


# -- people


async def _guess(self: moderator.Moderator, dossier: moderator.Dossier, why: str) -> Reply:
    if dossier.confidence is not None:
        return await self.act(dossier, "allow", "answered")
    return await _by_people(self, dossier, why)


_by_people = moderator.Moderator.by_people
decides_when_unsure = replacing(moderator.Moderator, "by_people", _guess)


async def _publish_then_ask(
    self: moderator.Moderator, dossier: moderator.Dossier, why: str
) -> Reply:
    await self.do.publish(dossier.post.id)
    return await _by_people(self, dossier, why)


publishes_before_the_answer = replacing(moderator.Moderator, "by_people", _publish_then_ask)


async def _new_task(
    self: backends.Backends, url: str, body: dict[str, Any], key: str, stage: Stage
) -> Any:
    async def post() -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        reply = await self.http.post(url, json=body, headers=headers)
        reply.raise_for_status().json()
        return reply

    return await attempts.attempt(post, stage)


new_key_for_each_attempt = replacing(backends.Backends, "_send", _new_task)


async def _acts_anew(
    self: backends.Backends, url: str, body: dict[str, Any], key: str, stage: Stage
) -> Any:
    if not url.startswith(self.feed):
        return await _send(self, url, body, key, stage)

    async def post() -> Any:
        return (await self.http.post(url, json=body)).raise_for_status()

    return await attempts.attempt(post, stage)


_send = backends.Backends._send
acts_without_a_key = replacing(backends.Backends, "_send", _acts_anew)


async def _bare(self: backends.Backends, post: str, text: str, why: str, **more: Any) -> Any:
    return await _ask(self, post, text, "", path=[])


_ask = backends.Backends.ask
asks_without_context = replacing(backends.Backends, "ask", _bare)


async def _patient(self: backends.Backends, task: backends.Task) -> Any:
    while True:
        found = backends.Task.model_validate_json((await self._look(task)).content)
        if found.answer is not None:
            return found.answer["decision"]
        await asyncio.sleep(backends.EVERY)


@asynccontextmanager
async def waits_for_a_person_for_ever() -> AsyncIterator[Talk]:
    """Neither the task nor the post has an end."""
    with (
        patch.object(backends.Backends, "answer", _patient),
        patch.object(agent, "OVERALL", 86400.0),
    ):
        async with agent.moderation_agent() as talk:
            yield talk


async def _absent_is_yes(self: backends.Backends, task: backends.Task) -> Any:
    return await _answer(self, task) or "allow"


_answer = backends.Backends.answer
takes_silence_for_consent = replacing(backends.Backends, "answer", _absent_is_yes)


# -- failing open


async def _open_at_once(self: moderator.Moderator, dossier: moderator.Dossier) -> Reply:
    return await self.act(dossier, "allow", "degraded")


fails_open_unlogged = replacing(moderator.Moderator, "fail_open", _open_at_once)


async def _open_and_silent(self: moderator.Moderator, dossier: moderator.Dossier) -> Reply:
    reply = await _fail_open(self, dossier)
    return Reply(reply.text, answer="answered", context=reply.context)


_fail_open = moderator.Moderator.fail_open
fails_open_as_if_judged = replacing(moderator.Moderator, "fail_open", _open_and_silent)


async def _log_if_possible(self: backends.Backends, post: str, event: str, why: str) -> None:
    try:
        await _write_down(self, post, event, why)
    except Unavailable:
        return


_write_down = backends.Backends.write_down
fails_open_without_its_log = replacing(backends.Backends, "write_down", _log_if_possible)


# -- images, privacy, what is said


async def _those_there_are(self: classifiers.Classifiers, images: Sequence[str]) -> list[Any]:
    found = await asyncio.gather(*map(self.image, images), return_exceptions=True)
    return [each for each in found if not isinstance(each, BaseException)]


judges_by_some_images = replacing(classifiers.Classifiers, "images", _those_there_are)
obeys_captions = replacing(moderator, "gives_orders", lambda text: False)


async def _with_author(self: moderator.Moderator, post: backends.Post, text: str) -> Reply:
    return await _decide(self, post, f"{text}\n\n{post.model_dump_json()}")


_decide = moderator.Moderator.decide
shows_the_model_the_author = replacing(moderator.Moderator, "decide", _with_author)


async def _says_so_anyway(
    self: moderator.Moderator, dossier: moderator.Dossier, label: moderator.Label, answer: str
) -> Reply:
    reply = await _act(self, dossier, label, answer)
    done = "published" if label == "allow" else "removed"
    return dossier.reply(f"Post {dossier.post.id} was {done}.", answer) if reply else reply


_act = moderator.Moderator.act
says_done_when_it_is_not = replacing(moderator.Moderator, "act", _says_so_anyway)


def _first_verdict_stands(
    self: moderator.Moderator, verdict: classifiers.Verdict, dossier: moderator.Dossier
) -> bool:
    return True


asks_no_second_opinion = replacing(moderator.Moderator, "stands", _first_verdict_stands)


@asynccontextmanager
async def one_dossier_for_all() -> AsyncIterator[Talk]:
    """Steps are written into a list that all posts share."""
    shared: list[classifiers.Step] = []
    made = moderator.Dossier

    def dossier(post: backends.Post, text: str) -> moderator.Dossier:
        return made(post, text, steps=shared)

    with patch.object(moderator, "Dossier", dossier):
        async with agent.moderation_agent() as talk:
            yield talk


async def _blocking(self: classifiers.Classifiers, text: str) -> classifiers.Words:
    import time

    time.sleep(0.2)  # noqa: ASYNC251
    return await _words(self, text)


_words = classifiers.Classifiers.words
sleeps_on_the_loop = replacing(classifiers.Classifiers, "words", _blocking)


# -- what the suite itself does not look for


async def _new_lists(self: classifiers.Classifiers, text: str) -> classifiers.Words:
    async def post() -> classifiers.Words:
        reply = await self.http.post(f"{self.words_url}/v2/match", json={"text": text})
        return classifiers.Words.model_validate_json(reply.raise_for_status().content)

    return await attempts.attempt(post, classifiers.WORDS)


asks_lists_that_are_not_there = replacing(classifiers.Classifiers, "words", _new_lists)


async def _old_form(self: classifiers.Classifiers, text: str) -> classifiers.Words:
    async def post() -> classifiers.Words:
        reply = await self.http.post(f"{self.words_url}/match", json={"post": text})
        return classifiers.Words.model_validate_json(reply.raise_for_status().content)

    return await attempts.attempt(post, classifiers.WORDS)


asks_in_the_form_of_last_year = replacing(classifiers.Classifiers, "words", _old_form)


def _in_seconds(self: moderator.Dossier, text: str, answer: Any) -> Reply:
    reply = _reply(self, text, answer)
    steps = [{**each, "latency": each["latency"] / 1000} for each in reply.context["steps"]]
    return Reply(
        reply.text,
        answer=reply.answer,
        confidence=reply.confidence,
        context={**reply.context, "steps": steps},
    )


_reply = moderator.Dossier.reply
logs_seconds_for_milliseconds = replacing(moderator.Dossier, "reply", _in_seconds)


def _without_path(self: moderator.Dossier, text: str, answer: Any) -> Reply:
    reply = _reply(self, text, answer)
    context = {name: value for name, value in reply.context.items() if name != "path"}
    return Reply(reply.text, answer=reply.answer, confidence=reply.confidence, context=context)


leaves_the_path_out = replacing(moderator.Dossier, "reply", _without_path)


async def _no_second(self: classifiers.Classifiers, *args: Any) -> classifiers.Verdict:
    raise Unavailable("nobody else is asked")


has_no_second_model = replacing(classifiers.Classifiers, "second", _no_second)


@asynccontextmanager
async def opens_its_circuit_too_late() -> AsyncIterator[Talk]:
    """Its breaker counts to forty, which no outage of the model lasts to."""
    made = classifiers.Classifiers

    def asked(*given: Any) -> classifiers.Classifiers:
        return made(*given, breaker.Breaker(failures=40))

    with patch.object(agent, "Classifiers", asked):
        async with agent.moderation_agent() as talk:
            yield talk


@asynccontextmanager
async def keys_of_this_process() -> AsyncIterator[Talk]:
    """Keys that are the same over the attempts, and other ones after a restart."""
    born = uuid.uuid4()

    async def keyed(
        self: backends.Backends, url: str, body: dict[str, Any], key: str, stage: Stage
    ) -> Any:
        return await _send(self, url, body, f"{born}/{key}", stage)

    async with replacing(backends.Backends, "_send", keyed)() as talk:
        yield talk


_send = backends.Backends._send


async def _one_by_one(self: classifiers.Classifiers, images: Sequence[str]) -> list[Any]:
    return [await self.image(each) for each in images]


looks_at_images_one_by_one = replacing(classifiers.Classifiers, "images", _one_by_one)


async def _second_five_times(call: Callable[[], Awaitable[Any]], stage: Stage) -> Any:
    many = Stage(5, stage.each, stage.within, stage.pause)
    return await _attempt(call, many if stage is classifiers.SECOND else stage)


asks_the_second_model_five_times = replacing(classifiers, "attempt", _second_five_times)
