"""`no-cross-session-leak`: nothing of one session shows in another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from evalkit.checks.base import Check, Facts
from evalkit.checks.issued import Issued
from evalkit.checks.targets import Operations, shown
from evalkit.checks.traces import (
    longest_word,
    readable,
    reply_text,
    request_text,
    texts_of,
    told_text,
    words_in,
)
from evalkit.checks.words import listed, numbered
from evalkit.journal.records import Finding
from evalkit.journal.views import JournalView, SessionView
from evalkit.suite.parts import OneOrMany, Part

_SHORTEST = 6
"""Characters: what is shorter may stand anywhere by chance, unless it is such a number."""

_NUMBERED = re.compile(r"[A-Za-z]+[-_/#]?[0-9]{3,}")
"""The number of a document, an order, a claim: `D-503`."""


class Canaries(Part):
    """What is known again."""

    vars: OneOrMany[str] = Field(
        (), description="Session variables, beside those that the suite calls `sensitive`"
    )
    credentials: Operations = Field(
        (), description="The operations that give a session tokens which no other may use"
    )


class NoCrossSessionLeak(Check):
    """Values of session variables are looked for in the requests and replies of the other sessions
    of their world. A value that another session's record holds too is no sign of anything there,
    nor is one that a service had told it. Nor does a session use tokens that were given to another,
    where the suite names what gives them.
    """

    name: ClassVar[str] = "no-cross-session-leak"
    about: ClassVar[str] = "what belongs to one session showed in another"
    Settings: ClassVar[type[Part] | None] = Canaries
    example: ClassVar[str | None] = "no-cross-session-leak: {vars: [account, email]}"
    settings: Canaries

    def of_world(self, view: JournalView, facts: Facts) -> Iterator[Finding]:
        """What showed where it does not belong."""
        canaries = _Canaries(facts, {*facts.sensitive, *self.settings.vars})
        if canaries.any:
            for session in view.sessions:
                yield from self._leaks(session, canaries)
        issued = Issued(self.settings.credentials, view.sessions)
        for session in view.sessions:
            for owner, calls in issued.borrowed(session).items():
                yield self._borrowed(session, owner, calls)

    def _borrowed(self, session: SessionView, owner: str, calls: tuple[int, ...]) -> Finding:
        first = session.call(calls[0]).started
        return self.finding(
            f"a token that was given to session {owner} was used ({numbered(calls)})",
            at=first.at,
            session=session.id,
            turn=first.turn,
            calls=calls,
            expected="only tokens of its own",
            seen=f"one of session {owner}",
            hint="keep tokens by user or conversation, and not for the process or the client",
        )

    def _leaks(self, session: SessionView, canaries: _Canaries) -> Iterator[Finding]:
        known: set[str] = set()
        told = ((call, reply_text(call)) for call in session.calls)
        given = [(call, text) for call, text in told if not call.delivered]
        for _, text in given:
            known |= canaries.foreign_in(text, session.id)
        suspect = {
            each
            for call in session.calls
            if call.delivered
            for each in canaries.foreign_in(reply_text(call), session.id)
        }
        asked: dict[str, list[int]] = defaultdict(list)
        for call in session.calls:
            for value in canaries.foreign_in(request_text(call), session.id) - known - suspect:
                asked[value].append(call.call)
        said: dict[str, list[int]] = defaultdict(list)
        for turn in session.turns:
            for value in canaries.foreign_in(told_text(turn), session.id) - known:
                said[value].append(turn.turn)
        for value in sorted({*asked, *said}):
            yield self._leak(session, canaries, value, asked.get(value, []), said.get(value, []))

    def _leak(
        self,
        session: SessionView,
        canaries: _Canaries,
        value: str,
        calls: list[int],
        turns: list[int],
    ) -> Finding:
        owners = sorted(canaries.owners[value])
        ways = [f"its reply in turn {turns[0]}"] if turns else []
        ways += [f"what it asked ({numbered(calls)})"] if calls else []
        at = session.call(calls[0]).started if calls else None
        turn = turns[0] if turns else None if at is None else at.turn
        return self.finding(
            f"{canaries.names[value]} of session {owners[0]} ({shown(value, 24)}) stands in "
            f"{listed(ways)}",
            at=at.at if at is not None else _end(session, turns[0]),
            session=session.id,
            turn=turn,
            calls=tuple(calls),
            expected="only its own data",
            seen=f"{canaries.names[value]} of session {owners[0]}",
            hint="look for state that sessions share: module globals, default arguments, caches "
            "without the user in their key, clients that keep headers",
        )


def _end(session: SessionView, number: int) -> int:
    ended = next(turn.ended for turn in session.turns if turn.turn == number)
    return session.started.at if ended is None else ended.at


class _Canaries:
    """The values, whose they are, and what variable each is."""

    def __init__(self, facts: Facts, names: set[str]) -> None:
        self.names: dict[str, str] = {}
        for record in facts.sessions.values():
            for name in sorted(names & record.vars.keys()):
                for text in texts_of(record.vars[name], 1):
                    if len(text) >= _SHORTEST or _NUMBERED.fullmatch(text):
                        self.names.setdefault(text, name)
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for value in self.names:
            self._by_word[longest_word(value)].append(value)
        self.owners: Mapping[str, set[str]] = self._owners(facts) if self.names else {}

    @property
    def any(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.names)

    def foreign_in(self, text: str, session: str) -> set[str]:
        """The values in a text that are another session's alone."""
        return {each for each in self._in(text) if session not in self.owners[each]}

    def _in(self, text: str) -> Iterator[str]:
        for word in words_in(text) & self._by_word.keys():
            yield from (value for value in self._by_word[word] if value in text)

    def _owners(self, facts: Facts) -> dict[str, set[str]]:
        owners: dict[str, set[str]] = {value: set() for value in self.names}
        for name, record in facts.sessions.items():
            for value in self._in(readable(record.model_dump_json())):
                owners[value].add(name)
        return owners
