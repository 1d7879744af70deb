"""Forms as bodies, as clients send them."""

from __future__ import annotations

from contextlib import suppress

import aiohttp
import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.bodies import MAX_BODY, BodyError
from evalkit.services.forms import (
    KINDS,
    MULTIPART,
    URLENCODED,
    FormPart,
    form_bytes,
    kind_of,
    read_body,
    read_pairs,
    read_parts,
)
from evalkit.services.openapi.values import nested
from tests.services.asking import request

PNG = b"\x89PNG\r\n\r\n--x\r\n"
FIELDS = {"order": "é 7", "tags": ["a", "b"]}
FILES = {"photo": ('p"1.png', PNG, "image/png")}
X = f"{MULTIPART}; boundary=x"
HEAD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n'


async def by_aiohttp() -> tuple[bytes, str]:
    form = aiohttp.FormData()
    form.add_field("order", "é 7")
    for tag in FIELDS["tags"]:
        form.add_field("tags", tag)
    form.add_field("photo", PNG, filename='p"1.png', content_type="image/png")
    payload = form()
    assert isinstance(payload, aiohttp.MultipartWriter)
    return await payload.as_bytes(), payload.headers["content-type"]


async def by_httpx(library) -> tuple[bytes, str]:
    made = library.Request("POST", "http://a.test", data=FIELDS, files=FILES)
    return made.read(), made.headers["content-type"]


@pytest.mark.parametrize("client", ["httpx", "httpx2", "aiohttp"])
async def test_a_form_in_parts_is_read_as_clients_write_it(client):
    libraries = {"httpx": httpx, "httpx2": httpx2}
    body, kind = await (by_httpx(libraries[client]) if client in libraries else by_aiohttp())
    order, *tags, photo = read_parts(body, kind)
    assert (order.name, order.text, order.filename) == ("order", "é 7", None)
    assert [(each.name, each.text) for each in tags] == [("tags", "a"), ("tags", "b")]
    assert (photo.name, photo.data, photo.kind) == ("photo", PNG, "image/png")
    assert photo.filename in ('p"1.png', "p%221.png")


def test_templates_see_fields_and_files():
    data = b'"\r\n--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\nhi\r\n'
    body = HEAD + b'Content-Type: application/json\r\n\r\n{"n": 1}\r\n--x--'
    seen = read_body(request("POST", "/", body, headers={"content-type": X}))
    assert seen == {"a": {"n": 1}}
    body = HEAD + b"\r\n" + data + b"--x--\r\n"
    seen = read_body(request("POST", "/", body, headers={"content-type": X}))
    file = {"filename": "f.txt", "type": "", "size": 2, "text": "hi"}
    assert seen == {"a": '"', "f": file}


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"--x--", MULTIPART, "no boundary"),
        (b"", X, "does not end with its boundary"),
        (HEAD + b"\r\n1\r\n", X, "does not end with its boundary"),
        (b"--xy\r\n\r\n\r\n--x--", X, "has no head of its own"),
        (HEAD + b"1\r\n--x--", X, "has no head of its own"),
        (HEAD + b"a: " + b"b" * 20_000 + b"\r\n\r\n1\r\n--x--", X, "has no head of its own"),
        (b"--x\r\nA: b\r\n\r\n1\r\n--x--", X, "has no name"),
        (b"--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--x--", X, "has no name"),
        (b"--x\r\n\r\n\r\n" * 20_000 + b"--x--", X, "more than 10,000 fields"),
        (b"a" * (MAX_BODY + 1), X, "larger than"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_form_in_parts_is_refused(body, kind, message):
    with pytest.raises(BodyError) as caught:
        read_parts(body, kind)
    assert message in caught.value.message


@given(st.binary(max_size=200), st.sampled_from([X, "multipart/form-data; boundary=\xff", "x"]))
def test_rubbish_raises_nothing_else(data, kind):
    for body in (data, HEAD + data, HEAD + b"\r\n" + data + b"\r\n--x--"):
        with suppress(BodyError):
            assert all(isinstance(each, FormPart) for each in read_parts(body, kind))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text("abc-_ é", min_size=1, max_size=8).map(str.strip).filter(bool)
# A field that is there several times is a list of at least two.
VALUES = st.dictionaries(NAMES, TEXTS | st.lists(TEXTS, min_size=2, max_size=4), max_size=5)


@given(VALUES)
def test_a_form_is_read_as_it_was_written(value):
    body, kind = form_bytes(value, URLENCODED)
    assert (nested(read_pairs(body)), kind) == (value, URLENCODED)
    body, kind = form_bytes(value, MULTIPART)
    parts = [
        FormPart(name=name, data=each.encode())
        for name, given in value.items()
        for each in (given if isinstance(given, list) else [given])
    ]
    assert (read_parts(body, kind), kind_of(kind)) == (parts, MULTIPART)
    assert kind_of(kind) in KINDS
