from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.services.described import Described, describe

MOCKS = Path(__file__).parents[2] / "mocks"


def test_what_a_definition_declares() -> None:
    assert describe(MOCKS / "payments.yaml") == Described(
        kind="rest",
        guarded=True,
        scopes=("charges:read", "charges:write", "refunds:write"),
        writes=("charge", "refund"),
        keyed=("charge", "refund"),
    )


def test_a_definition_without_effects_and_credentials(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("service: rest\nroutes:\n  GET /x: {reply: {json: {effect: none}}}\n")
    assert describe(path) == Described(kind="rest")
    path.write_text("service: mcp\ntools:\n  a: {effect: {name: made, key: []}}\n")
    assert describe(path) == Described(kind="mcp", writes=("made",))


def test_what_is_no_definition_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("routes: {}")
    with pytest.raises(SuiteError, match="service"):
        describe(tmp_path / "x.yaml")
