from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.cli import main
from tests.engine.suites import write_suite

WHOLE = {"use": "items.yaml", "budget": "1s", "on_failure": "hold"}


def printed(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str]:
    code = main(["coverage", *map(str, argv)])
    return code, capsys.readouterr().out


def test_a_table_and_what_to_add(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = printed(capsys, write_suite(tmp_path, services={"items": WHOLE}))
    lines = out.splitlines()
    assert code == 0
    assert lines[:2] == [
        "small: 1 service",
        "  service  contract   budget  on failure  scopes  idempotency  faults",
    ]
    assert lines[2].split()[:6] == ["items", "✗", "missing", "✓", "✓", "·"]
    assert "    idempotency: `idempotency: Idempotency-Key` at the effect of item in" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_only_if_it_is_strict_it_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], code: int
) -> None:
    assert printed(capsys, write_suite(tmp_path), *options)[0] == code


def test_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = printed(capsys, write_suite(tmp_path), "--json")
    (suite,) = json.loads(out)
    (service,) = suite["services"]
    assert (suite["suite"], suite["missing"], service["service"]) == ("small", 5, "items")
    assert service["aspects"][1] == {
        "aspect": "budget",
        "state": "missing",
        "detail": "",
        "add": "`budget: 2s` (what the agent may wait for it, retries included)",
    }


def test_a_suite_with_mistakes_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path, services={"items": {"use": "itms.yaml"}})
    assert main(["coverage", str(suite)]) == 2
    assert "did you mean items.yaml?" in capsys.readouterr().err
