"""TLS inside the world: the handshake always succeeds, and the bytes stay as they are.

Every asynchronous client gets its TLS from `ssl.SSLContext.wrap_bio`; the object handed out here
passes plain bytes between the two memory buffers, so that the network sees HTTP.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


class PlainObject:
    """Stands for an `ssl.SSLObject` whose peer is a service of the world."""

    def __init__(
        self,
        context: ssl.SSLContext,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool,
        server_hostname: str | None,
    ) -> None:
        self.context = context
        self.session = None
        self.session_reused = False
        self.server_side = server_side
        self.server_hostname = server_hostname
        self._incoming = incoming
        self._outgoing = outgoing

    def do_handshake(self) -> None:
        """Nothing is exchanged."""

    def read(self, length: int = 1024, buffer: bytearray | memoryview | None = None) -> Any:
        """Bytes from the peer, empty at the end; or their count where a buffer is given."""
        if not self._incoming.pending and not self._incoming.eof:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "The operation did not complete")
        if buffer is None:
            return self._incoming.read(length)
        data = self._incoming.read(min(length or len(buffer), len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Bytes for the peer."""
        return self._outgoing.write(data)

    def unwrap(self) -> None:
        """Nothing is exchanged."""

    def pending(self) -> int:
        """How many bytes can be read."""
        return self._incoming.pending

    def getpeercert(self, binary_form: bool = False) -> Any:
        """The certificate of the peer."""
        if binary_form:
            return b""
        name = self.server_hostname or ""
        return {"subject": ((("commonName", name),),), "subjectAltName": (("DNS", name),)}

    def get_verified_chain(self) -> list[bytes]:
        """The peer's certificates."""
        return []

    get_unverified_chain = get_verified_chain

    def selected_alpn_protocol(self) -> str:
        """The world speaks HTTP/1.1."""
        return "http/1.1"

    def selected_npn_protocol(self) -> None:
        """Not spoken."""

    def cipher(self) -> tuple[str, str, int]:
        """Name, protocol and bits."""
        return ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)

    def shared_ciphers(self) -> None:
        """Known to servers only."""

    def compression(self) -> None:
        """None."""

    def version(self) -> str:
        """The protocol."""
        return "TLSv1.3"

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        """None."""


def wrap_bio(
    context: ssl.SSLContext,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
    server_side: bool = False,
    server_hostname: str | bytes | None = None,
    session: object = None,
) -> PlainObject:
    """Takes the place of `ssl.SSLContext.wrap_bio`."""
    del session
    name = server_hostname.decode() if isinstance(server_hostname, bytes) else server_hostname
    return PlainObject(context, incoming, outgoing, server_side, name)


def trusting(in_world: Callable[[], bool]) -> Callable[..., None]:
    """Takes the place of `ssl.SSLContext.load_verify_locations`, which takes longer than many an
    agent: in the world there is no certificate to verify. Files that are missing are still missing.
    """
    load = ssl.SSLContext.load_verify_locations

    def load_verify_locations(
        context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        given = [each for each in (cafile, capath) if each is not None]
        if not given or cadata is not None or not in_world() or not all(map(_is_there, given)):
            load(context, cafile, capath, cadata)

    return load_verify_locations


def _is_there(path: Any) -> bool:
    try:
        return Path(os.fsdecode(path)).exists()
    except (TypeError, ValueError):
        return False


def extra_info(context: object, hostname: str) -> dict[str, Any]:
    """What a transport with TLS tells about itself."""
    chosen = context if isinstance(context, ssl.SSLContext) else _any_context()
    plain = PlainObject(chosen, ssl.MemoryBIO(), ssl.MemoryBIO(), False, hostname)
    return {
        "sslcontext": chosen,
        "ssl_object": plain,
        "peercert": plain.getpeercert(),
        "cipher": plain.cipher(),
        "compression": None,
    }


@cache
def _any_context() -> ssl.SSLContext:
    """For clients that leave the choice to the loop. Loading certificates would cost much."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
