from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from evalkit.cli import main
from tests.api.engines import Engine
from tests.engine.suites import write_suite
from tests.store.runs import result_of, short_session, stored


def told(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str, str]:
    code = main([str(each) for each in argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_run_ends_with_its_report_and_the_index(
    tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, text, _ = told(capsys, "run", write_suite(tmp_path), "--out", out)
    (page,) = out.glob("*/index.html")
    assert code == 0
    assert text.splitlines()[-1] == f"  report  {page}"
    assert page.parent.name in (out / "index.html").read_text()


def test_a_run_can_do_without_a_report(
    tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, text, _ = told(capsys, "run", write_suite(tmp_path), "--out", out, "--no-report")
    assert code == 0
    assert "report  " not in text
    assert not list(out.rglob("index.html"))


def test_a_report_that_cannot_be_written_changes_no_verdict(
    tmp_path: Path,
    engine: Engine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evalkit.report.html.writing._put", full)
    code, _, err = told(capsys, "run", write_suite(tmp_path), "--out", tmp_path / "out")
    assert code == 0
    assert "the report cannot be written" in err
    assert "No space left on device" in err


def test_a_report_is_made_again_and_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)))
    folder = stored(tmp_path / "run", result_of(short_session())).folder
    page = folder / "index.html"
    code, out, err = told(capsys, "open", folder)
    assert (code, out) == (0, f"{page}\n")
    assert "no browser could be started" in err
    assert opened == [page.as_uri()]
    page.write_text("old")
    code, out, _ = told(capsys, "report", folder)
    assert (code, out) == (0, f"report  {page}\nruns    {tmp_path / 'index.html'}\n")
    assert page.read_text() != "old"


def test_the_browser_that_somebody_chose_is_given_the_page(tmp_path: Path) -> None:
    out, seen, browser = tmp_path / "my runs #1 100%", tmp_path / "seen", tmp_path / "browser"
    stored(out / "run", result_of(short_session()))
    page = out / "run" / "index.html"
    for ends, told in ((0, ""), (1, "no browser could be started: open the file above in one\n")):
        browser.write_text(f'#!/bin/sh\nprintf %s "$*" > "{seen}"\nexit {ends}\n')
        browser.chmod(0o755)
        opened = subprocess.run(
            [sys.executable, "-m", "evalkit", "open", "latest", "--out", str(out)],
            env={**os.environ, "BROWSER": str(browser), "PATH": str(tmp_path), "DISPLAY": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (opened.returncode, opened.stdout, opened.stderr) == (0, f"{page}\n", told)
        address = urlsplit(seen.read_text())
        assert (address.scheme, address.fragment, address.query) == ("file", "", "")
        assert Path(unquote(address.path)) == page
        seen.unlink()
    assert "<h1" in page.read_text()


@pytest.mark.parametrize("command", ["report", "open"])
def test_a_run_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    code, _, err = told(capsys, command, "nothing", "--out", tmp_path)
    assert code == 2
    assert "no run 'nothing'" in err
