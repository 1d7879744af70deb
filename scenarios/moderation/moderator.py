"""How a post is decided on: by machines where they are sure, by people where they are not."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from attempts import Unavailable
from backends import Backends, Post
from classifiers import Classifiers, Seen, Step, Verdict, Words, gives_orders

from evalkit import Reply

ALONE = 0.95  # a verdict that stands on its own
AGREED = 0.9  # a verdict that stands if somebody else says the same
UNSURE = 0.7  # below this nobody but a person is asked

Label: TypeAlias = Literal["allow", "remove"]


@dataclass
class Dossier:
    """What has been found out about a post."""

    post: Post
    text: str
    words: Words | None = None
    seen: list[Seen] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    confidence: float | None = None

    @property
    def whole_text(self) -> str:
        """The text with what its images show."""
        captions = [f"[image: {each.caption}]" for each in self.seen]
        return "\n".join([self.text, *captions])

    def reply(self, text: str, answer: Any) -> Reply:
        """What the forum is told."""
        context = {
            "post": self.post.id,
            "path": " > ".join(self.path),
            "steps": [asdict(each) for each in self.steps],
        }
        return Reply(text, answer=answer, confidence=self.confidence, context=context)


@dataclass(frozen=True)
class Moderator:
    """The pipeline."""

    ask: Classifiers
    do: Backends

    async def decide(self, post: Post, text: str) -> Reply:
        """What becomes of a post."""
        dossier = Dossier(post, text)
        words, seen = await asyncio.gather(self.look_up(dossier), self.look_at(dossier))
        dossier.words = words
        if words is not None and words.banned:
            dossier.path.append("banned words")
            return await self.act(dossier, "remove", "answered")
        if seen is None:
            return await self.by_people(dossier, "an image could not be looked at")
        dossier.seen = seen
        if gives_orders(dossier.whole_text):
            return await self.by_people(dossier, "it speaks to its moderator")
        return await self.by_machines(dossier)

    async def look_up(self, dossier: Dossier) -> Words | None:
        """The words; without them the models decide."""
        try:
            return await self.ask.words(dossier.text)
        except Unavailable:
            return None

    async def look_at(self, dossier: Dossier) -> list[Seen] | None:
        """The images; without all of them no machine decides."""
        seen = None
        try:
            seen = await self.ask.images(dossier.post.images)
        except* Unavailable:
            dossier.path.append("image missing")
        return seen

    async def by_machines(self, dossier: Dossier) -> Reply:
        """A verdict of the models, if they are sure enough; else one of people."""
        first = await self.verdict("model", dossier)
        if first is not None and first.confidence < UNSURE:
            return await self.by_people(dossier, "the model is unsure")
        if first is not None and self.stands(first, dossier):
            return await self.with_images(dossier, first)
        second = await self.verdict("second", dossier)
        if second is None and first is None:
            return await self.fail_open(dossier)
        if second is None or not self.agreed(first, second):
            return await self.by_people(dossier, "the models do not settle it")
        return await self.with_images(dossier, second)

    async def verdict(self, who: Literal["model", "second"], dossier: Dossier) -> Verdict | None:
        """The verdict of one of the models, written down as a step."""
        names = {"model": "gpt-4o-mini", "second": "claude-haiku-4-5"}
        step = Step(f"{dossier.post.id}/{who}", names[who])
        dossier.path.append(who)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            found = await getattr(self.ask, who)(dossier.post.id, dossier.whole_text, step)
        except Unavailable as error:
            step.error_status = str(error)
            return None
        finally:
            step.latency = round((loop.time() - began) * 1000, 3)
            if step.error_status != "the circuit is open":
                dossier.steps.append(step)
        step.confidence = dossier.confidence = found.confidence
        return found  # type: ignore[no-any-return]

    def stands(self, verdict: Verdict, dossier: Dossier) -> bool:
        """Whether the first model's verdict needs no second opinion."""
        if verdict.confidence >= ALONE:
            return True
        words = dossier.words
        if verdict.confidence < AGREED or words is None:
            return False
        return bool(words.watched) == (verdict.label == "remove")

    def agreed(self, first: Verdict | None, second: Verdict) -> bool:
        """Whether the second model settles it: alone, or with the first."""
        if first is None:
            return second.confidence >= ALONE
        return first.label == second.label and second.confidence >= AGREED

    async def with_images(self, dossier: Dossier, verdict: Verdict) -> Reply:
        """Act on a verdict on the text, unless an image says otherwise."""
        if any(each.label == "remove" and each.confidence >= ALONE for each in dossier.seen):
            dossier.path.append("image")
            return await self.act(dossier, "remove", "answered")
        if any(each.label == "remove" or each.confidence < AGREED for each in dossier.seen):
            return await self.by_people(dossier, "an image is unclear")
        return await self.act(dossier, verdict.label, "answered")

    async def fail_open(self, dossier: Dossier) -> Reply:
        """Publish what nobody could judge, if it is logged and somebody will look at it after."""
        dossier.path.append("fail open")
        if dossier.words is None or dossier.words.watched:
            return await self.by_people(dossier, "no model answers")
        post = dossier.post.id
        try:
            await self.do.write_down(post, "failed_open", "no model answers")
            await self.do.ask(post, dossier.text, "published unseen", path=dossier.path)
        except Unavailable:
            return dossier.reply(f"Post {post} waits: it could not be judged.", "hold")
        return await self.act(dossier, "allow", "degraded")

    async def by_people(self, dossier: Dossier, why: str) -> Reply:
        """What a moderator says; the post waits for it, hidden."""
        post = dossier.post.id
        dossier.path.append("people")
        try:
            task = await self.do.ask(post, dossier.text, why, path=dossier.path)
            decision = await self.do.answer(task)
            if decision is None:
                await self.do.page(post, task.id)
                return dossier.reply(f"Post {post} waits: its moderator does not answer.", "hold")
        except Unavailable:
            return dossier.reply(f"Post {post} waits: no moderator can be reached.", "hold")
        return await self.act(dossier, decision, "escalated")

    async def act(self, dossier: Dossier, label: Label, answer: str) -> Reply:
        """Do as was decided, and say what was done."""
        post = dossier.post.id
        done = "published" if label == "allow" else "removed"
        try:
            await (self.do.publish(post) if label == "allow" else self.do.remove(post))
        except Unavailable:
            return dossier.reply(f"Post {post} waits: it could not be {done}.", "hold")
        unseen = ", though nobody could judge it" if answer == "degraded" else ""
        return dossier.reply(f"Post {post} was {done}{unseen}.", answer)
