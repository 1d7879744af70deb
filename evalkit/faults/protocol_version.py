"""`protocol_version: "2020-01-01"`: a server that speaks what its client does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from evalkit.faults.base import Fault
from evalkit.faults.rpc import changed_result
from evalkit.keyed import Draw
from evalkit.wire import Reply


class ProtocolVersion(Fault):
    """An MCP server answers `initialize` and `server/discover` with this revision only."""

    name: ClassVar[str] = "protocol_version"

    protocol_version: str = Field(
        description="The revision, like 2020-01-01, that the server claims to speak"
    )

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with that revision; one that names none stays as it is."""
        del draw
        return changed_result(reply, self._claimed, self.name)

    def _claimed(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        if "protocolVersion" in result:
            return {**result, "protocolVersion": self.protocol_version}
        if "supportedVersions" in result:
            return {**result, "supportedVersions": [self.protocol_version]}
        return result
