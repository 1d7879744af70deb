"""A model without a script: it calls each tool that it is offered once, then answers.

Its arguments are valid by the tool's schema and depend on the tool, the model and the conversation
alone, so an agent that nobody wrote a script for can be exercised, the same way every time. It has
no state: what was called is what the conversation holds.
"""

from __future__ import annotations

from typing import Any

from evalkit.keyed import Draw
from evalkit.services.bodies import json_text
from evalkit.services.llm.conversation import Conversation, Tool
from evalkit.services.llm.fitting import Unmade, fitting
from evalkit.services.llm.reply import Finish, ModelReply, NoReply, ToolCall
from evalkit.wire import Caller

RULE = "auto"
"""What the journal calls it."""


class Auto:
    """The model that needs no script."""

    reads_headers, personal = False, True

    def answer(self, conversation: Conversation, caller: Caller | None) -> ModelReply | NoReply:
        """What it says to this conversation."""
        draw = Draw(RULE, None if caller is None else caller.session, conversation.user)
        try:
            tool = _next(conversation)
            if tool is not None:
                arguments = fitting(tool.schema, draw.at("tool", tool.name))
                call = ToolCall(tool.name, json_text(arguments))
                return ModelReply(calls=(call,), finish=Finish.TOOL_CALLS, rule=RULE)
            return ModelReply(text=_text(conversation, draw), rule=RULE)
        except Unmade as error:
            return NoReply(f"auto has nothing that fits: {error}; write a script", failed=True)


def _next(conversation: Conversation) -> Tool | None:
    """The next tool to call. One that is demanded is called, be it again."""
    if conversation.choice == "none":
        return None
    left = [each for each in conversation.offered if each.name not in conversation.called]
    if conversation.choice == "auto":
        return left[0] if left else None
    named = [each for each in conversation.offered if each.name == conversation.choice]
    return next(iter(named or left or conversation.offered[-1:]), None)


def _text(conversation: Conversation, draw: Draw) -> str:
    form = conversation.format
    if form is not None:
        value: Any = {} if form.schema is None else fitting(form.schema, draw.at("format"))
        return json_text(value)
    done = [each for each in conversation.tools if each in conversation.called]
    return f"Done: I called {', '.join(done)}." if done else "Done."
