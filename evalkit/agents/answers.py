"""Tells what kind of reply a text is, where the agent does not say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evalkit.agents.base import Reply
from evalkit.journal.records import Answer


class AnswerTeller:
    """Patterns over the text of a reply; the first that is found in it tells the answer."""

    def __init__(self, patterns: Mapping[str, Answer]) -> None:
        self._patterns = tuple((re.compile(each), told) for each, told in patterns.items())

    def told(self, reply: Reply) -> Reply:
        """The reply with its answer: as stated, by the patterns, or else `answered`.

        A reply without text has none unless the agent stated one.
        """
        if reply.answer is not None or not reply.text.strip():
            return reply
        found = (told for pattern, told in self._patterns if pattern.search(reply.text))
        return Reply(reply.text, next(found, Answer.ANSWERED), reply.confidence, reply.context)
