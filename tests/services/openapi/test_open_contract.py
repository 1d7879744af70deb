import json

import pytest
from hypothesis import HealthCheck, given, settings

from evalkit.errors import SuiteError
from evalkit.services.openapi.document import Document, Library, Node
from tests.services.openapi.documents import CHARGES, asked, mutated, opened, service


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(mutated())
def test_any_document_is_read_or_refused_with_the_place_of_every_mistake(tmp_path, document):
    import asyncio

    try:
        charges = service(tmp_path, "", json.dumps(document))
    except SuiteError as error:
        problems = error.problems
    else:
        reply = asyncio.run(charges.handle(asked("POST", "/v1/charges", {"amount": "x"})))
        assert reply.status in (200, 201, 400, 401, 404, 405, 415, 500)
        return
    assert problems
    assert all(each.line is not None for each in problems)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("3.0.3", "2.0", 2, "version 2.0; allowed: OpenAPI 3.0 and 3.1"),
        ("openapi: 3.0.3", "", 3, "no `openapi:` says the version"),
        ("in: query, schema: {type: integer", "in: qery, schema: {type: integer", 11, "`in`: path"),
        ("schemas/Status", "schemas/Statos", 12, "did you mean `Status`?"),
        ("name: charge-id", "name: charge", 37, "`charge` is no parameter of the path"),
        ("operationId: getCharge\n", "operationId: createCharge\n", 39, "is the id of"),
        ("security: [{key: []}", "security: [{kee: []}", 5, "did you mean `key`?"),
        ('"201": {description', "twohundred: {description", 34, "a status is like 200"),
        ("type: http", "type: https", 53, "a security scheme has a `type`"),
        ("/receipts/{id}.txt", "/receipts/{id}{kind}", 46, "nothing stands between two"),
        ("/receipts/{id}.txt", "receipts/{id}.txt", 46, "a path begins with `/`"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, old, new, line, message):
    assert old in CHARGES
    with pytest.raises(SuiteError) as caught:
        opened(tmp_path, CHARGES.replace(old, new, 1))
    problem = next(each for each in caught.value.problems if message in each.message)
    assert problem.line == line


SPLIT = """
openapi: 3.1.0
servers: [{url: "https://{region}.example/{version}/", variables: {region: {default: eu}}}]
paths:
  /a: {$ref: "paths.yaml#/one"}
  /b/{x}-{y}: {get: {servers: [{url: /b2}], responses: {}}}
"""
PATHS = """
one:
  get:
    responses:
      2XX: {content: {application/json: {schema: {$ref: "schemas.json#thing"}}}}
"""
SCHEMAS = '{"defs": {"a": {"$anchor": "thing", "type": ["string", "null"], "const": "x"}}}'


def test_a_contract_in_several_files_with_servers_of_its_own(tmp_path):
    contract = opened(tmp_path, SPLIT, paths__yaml=PATHS, schemas__json=SCHEMAS)
    assert contract.hosts == ("https://eu.example",)
    first, second = contract.operations
    assert (first.bases, second.bases) == (("/version",), ("/b2",))
    assert contract.checker.fits(first.response(204).media[0].address, "x")
    match = contract.router.find("GET", "/b/1-2-3")
    assert match is not None
    assert match.values == {"x": "1", "y": "2-3"}
    assert contract.router.find("GET", "/b/1") is None
    assert contract.router.find("GET", "/b/" + "-" * 100_000) is None


def test_a_reference_never_leaves_the_folders_that_are_allowed(tmp_path):
    (tmp_path / "outside.yaml").write_text("a: {type: string}")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.yaml"
    path.write_text("a: 1")
    (tmp_path / "in" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    library = Library(tmp_path / "in")
    document: Document = library.open(path)
    for name in ("../outside.yaml#/a", "link.yaml#/a", "%2e%2e/outside.yaml", "file:///etc/passwd"):
        with pytest.raises(ValueError, match=r"outside|elsewhere"):
            library.follow(Node(document, (), document.value), name)
    assert (
        Library(tmp_path)
        .follow(Node(document, (), document.value), "../outside.yaml#/a/type")
        .value
        == "string"
    )
