"""`html: 200`: a web page where an API should have answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.bodies import with_body
from evalkit.keyed import Draw
from evalkit.wire import Reply

_PAGE = b"""<!DOCTYPE html>
<html><head><title>We will be right back</title></head>
<body><h1>Down for maintenance</h1><p>Please try again later.</p></body></html>
"""


class Html(Fault):
    """A gateway or a captive portal answers with a web page in the service's place, and nothing is
    committed. With status 200, clients that look at no more take it for the reply.
    """

    name: ClassVar[str] = "html"

    html: Annotated[int, Field(ge=200, le=599, strict=True)] = Field(
        description="The status that the page comes with; 200 is the worst"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The page, when the first byte was due."""
        del draw
        page = replace(
            reply, status=self.html, headers=(), effects=(), taken=(), callbacks=(), usage=None
        )
        return with_body(page, _PAGE, self.name, content_type="text/html; charset=utf-8")
