"""TLS in the world: plain bytes behind the interface of `ssl`."""

from __future__ import annotations

import ssl

import pytest

from evalkit.world.tls import extra_info, wrap_bio
from tests.world.endpoints import run


def wrapped() -> tuple[ssl.MemoryBIO, ssl.MemoryBIO, ssl.SSLObject]:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain: ssl.SSLObject = wrap_bio(context, incoming, outgoing, server_hostname=b"api.test")  # type: ignore[assignment]
    return incoming, outgoing, plain


def test_bytes_pass_through() -> None:
    incoming, outgoing, plain = wrapped()
    plain.do_handshake()

    assert plain.write(b"hello") == 5
    assert outgoing.read() == b"hello"
    incoming.write(b"welcome")
    assert plain.pending() == 7
    assert plain.read(3) == b"wel"
    buffer = bytearray(9)
    assert plain.read(9, buffer) == 4
    assert buffer[:4] == b"come"


def test_a_read_wants_data_until_the_end() -> None:
    incoming, _, plain = wrapped()

    with pytest.raises(ssl.SSLWantReadError):
        plain.read()
    incoming.write_eof()
    assert plain.read() == b""
    assert plain.unwrap() is None  # type: ignore[func-returns-value]


def test_the_peer_is_whom_the_client_wanted() -> None:
    *_, plain = wrapped()

    assert plain.getpeercert() == {
        "subject": ((("commonName", "api.test"),),),
        "subjectAltName": (("DNS", "api.test"),),
    }
    assert plain.getpeercert(binary_form=True) == b""
    assert plain.selected_alpn_protocol() == "http/1.1"
    assert plain.version() == "TLSv1.3"
    assert plain.server_hostname == "api.test"


def test_what_a_transport_tells_about_its_tls() -> None:
    context = ssl.create_default_context()

    assert extra_info(context, "a.test")["sslcontext"] is context
    assert isinstance(extra_info(True, "a.test")["sslcontext"], ssl.SSLContext)
    assert extra_info(True, "a.test")["peercert"]["subjectAltName"] == (("DNS", "a.test"),)


def test_certificates_are_not_read_in_the_world_and_missing_ones_are_missed() -> None:
    here = __file__  # no certificate at all

    async def main() -> tuple[int, type[BaseException] | None]:
        trusting = ssl.create_default_context(cafile=here)
        try:
            ssl.create_default_context(cafile="/no/such/file.pem")
        except FileNotFoundError as error:
            return len(trusting.get_ca_certs()), type(error)
        return len(trusting.get_ca_certs()), None

    assert run(main()).value == (0, FileNotFoundError)
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context(cafile=here)
