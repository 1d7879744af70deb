"""`content_type: text/plain`: the body is right, and its label is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import without
from evalkit.faults.steps import mark_head
from evalkit.keyed import Draw
from evalkit.wire import Reply


def _media_type(text: str) -> str:
    if text and not re.fullmatch(r"[\w.+-]+/[\w.+*-]+(\s*;[\t\x20-\x7e]*)?", text):
        raise ValueError(f"{text!r} is no media type; write one like text/plain, or nothing: ''")
    return text


class ContentType(Fault):
    """The reply is labelled as something else; its bytes stay as they are."""

    name: ClassVar[str] = "content_type"
    breaks: ClassVar[bool] = False

    content_type: Annotated[str, AfterValidator(_media_type)] = Field(
        description="The Content-Type header; '' leaves it out"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with another label."""
        del draw
        headers = without(reply.headers, "content-type")
        if self.content_type:
            headers = (*headers, ("content-type", self.content_type))
        return mark_head(replace(reply, headers=headers), self.name)
