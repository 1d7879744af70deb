from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.cli import app, main
from evalkit.cli.command import Command, nothing
from evalkit.errors import EvalkitError, StartError, SuiteError, UsageError
from evalkit.suite import Problem

ROOT = Path(__file__).parents[2]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes `evalkit fail` raise the given error."""

    def prepare(error: BaseException) -> None:
        def action(args: object) -> int:
            raise error

        command = Command(
            name="fail",
            summary="s",
            description="d",
            examples="e",
            arguments=nothing,
            action=action,
        )
        monkeypatch.setattr(app, "COMMANDS", (command,))

    return prepare


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("no such thing", hint="look again"), 2, "evalkit: no such thing\nhint: look"),
        (StartError("no agent"), 4, "evalkit: no agent"),
        (
            SuiteError([Problem(file="a.yaml", line=3, column=1, message="odd")]),
            2,
            "a.yaml:3:1: odd",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_error_is_told_without_a_traceback(
    failing: Any, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, words: str
) -> None:
    failing(error)
    assert main(["fail"]) == code
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    "error", [EvalkitError("broken"), ValueError("broken"), KeyError("broken")]
)
def test_an_internal_error_is_told_with_its_traceback_and_what_to_do(
    failing: Any, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    failing(error)
    assert main(["fail"]) == 5
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "broken" in err
    assert "Please report it" in err


def test_of_several_mistakes_the_number_is_told(
    failing: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(SuiteError([Problem(file="a.yaml", message=each) for each in ("odd", "even")]))
    assert main(["fail"]) == 2
    assert "2 mistakes; nothing was run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ([], 2),
        (["--help"], 0),
        (["--version"], 0),
        (["nothing"], 2),
        (["run"], 2),
        (["run", "x", "--workers", "0"], 2),
        (["run", "x", "--workers", "many"], 2),
        (["run", "x", "--seed", "y"], 2),
        (["run", "--help"], 0),
    ],
)
def test_the_parser_ends_with_a_code_and_not_with_the_process(
    argv: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert bool(out) == (code == 0)
    assert bool(err) == (code == 2)


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"evalkit {evalkit.__version__}\n"


def start(*argv: str, **given: Any) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **given}
    return subprocess.Popen(
        [sys.executable, "-m", "evalkit", *argv],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_reader_that_has_gone_is_no_crash_and_no_pass() -> None:
    process = start("schema")
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, b"")


def test_a_terminal_that_cannot_show_a_sign_is_no_crash() -> None:
    process = start("faults", PYTHONIOENCODING="ascii")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.isascii()
