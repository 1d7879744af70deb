"""`evalkit ask`, and the model that may rephrase a question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from evalkit.cli import main
from evalkit.errors import UsageError
from evalkit.history import Rephraser, ask, stored_runs
from evalkit.history.rephrase import KEY, MODEL, URL, keeps
from tests.history.stored import run_of
from tests.history.test_questions import NAMES

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    run_of(folder, 5, branch="main")
    return folder


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (URL, MODEL, KEY):
        monkeypatch.delenv(name, raising=False)


def asked(capsys: pytest.CaptureFixture[str], out: Path, *argv: str) -> tuple[int, str]:
    code = main(["ask", *argv, "--out", str(out)])
    return code, capsys.readouterr().out


def test_an_answer_shows_reading_query_figure_interval_and_count(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = asked(capsys, out, "what is the error rate of crm with faults?")
    assert code == 0
    assert 'read as  rate of call.error service = "crm" with faults' in printed
    assert "figure   rate(call.error where service=crm)" in printed
    assert "query    SELECT scenario, session, service, error" in printed
    assert "33.33%  [" in printed
    assert printed.splitlines()[-1].split()[-2:] == ["3", "2"]


def test_a_question_may_come_without_quotes(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, out, "error", "rate", "of", "crm", "--json")
    assert code == 0
    told = json.loads(printed)
    assert told["read_as"] == 'rate of call.error service = "crm"'
    assert [each["value"]["n"] for each in told["lines"]] == [2, 3]


def test_readings_are_offered_where_it_is_not_sure(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = asked(capsys, out, "latency of crm")
    assert code == 3
    assert 'p95 of call.latency service = "crm"' in printed
    assert "SELECT" not in printed


def test_unknown_words_are_named(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, out, "what is the mood of crm")
    assert code == 3
    assert "not known here: “mood”" in printed


def test_no_figure_is_no_answer(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, out, "error rate of crm since 2026-01-08")
    assert code == 3
    assert "no complete run is of this suite, branch and time" in printed


def test_the_grammar_names_every_metric(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, out, "--grammar")
    assert code == 0
    assert "session.escalated: " in printed
    assert "time to first token" in printed


def test_one_run_can_be_asked(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = asked(capsys, out, "error rate of crm", "--run", "latest")
    assert code == 0
    assert main(["ask", "error rate of crm", "--run", "none", "--out", str(out)]) == 2


@pytest.mark.parametrize(
    "question",
    ["", "   ", "?", '""', "'; DROP TABLE calls; --", "\x00", "crm " * 200, "💥 rate", "= = !="],
)
def test_rubbish_is_no_answer(out: Path, question: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, out, question)
    assert code == 3
    assert "cannot answer" in printed


def test_a_folder_without_runs_has_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = asked(capsys, tmp_path, "rate of session.completed")
    assert code == 3
    assert "no complete run" in printed


# The model -------------------------------------------------------------------------------------


class _Model(HTTPServer):
    """Answers every request with the same words, and keeps what it was asked."""

    said: Any = ""
    requests: list[tuple[str, dict[str, str], dict[str, Any]]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.requests.append((self.path, dict(self.headers), body))
        reply = json.dumps({"choices": [{"message": {"content": server.said}}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def model() -> Iterator[_Model]:
    with _Model(("127.0.0.1", 0), _Handler) as server:
        server.requests = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url_of(model: _Model) -> str:
    return f"http://127.0.0.1:{model.server_address[1]}/v1"


def test_a_model_may_rephrase_what_is_not_understood(
    out: Path, model: _Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ((URL, url_of(model)), (MODEL, "m"), (KEY, "k")):
        monkeypatch.setenv(name, value)
    model.said = "error rate of crm with faults"
    question = "how flaky is crm once things are injected"
    code, printed = asked(capsys, out, question)
    assert code == 0
    assert "rephrased by the model: error rate of crm with faults" in printed
    ((path, headers, body),) = model.requests
    assert (path, headers["Authorization"], body["model"]) == (
        *("/v1/chat/completions", "Bearer k", "m"),
    )
    assert body["messages"][1]["content"] == question
    assert asked(capsys, out, question, "--no-model")[0] == 3
    assert len(model.requests) == 1


def test_no_model_is_asked_where_the_question_is_understood_or_ambiguous(
    out: Path, model: _Model
) -> None:
    rephraser = Rephraser(url=url_of(model), model="m")
    for question in ("error rate of crm", "latency of crm"):
        ask(question, stored_runs(out), NOW, model=rephraser)
    assert model.requests == []


@pytest.mark.parametrize(
    "said",
    [
        *("CANNOT", "", "error rate of llm", "error rate of crm in the last 5 runs", "42%", None),
        *("latency of crm", "error rate of crm\nor so", "mood of crm", "the answer is 3 for crm"),
    ],
)
def test_what_a_model_says_is_not_taken_where_it_is_something_else(
    out: Path, model: _Model, said: str | None
) -> None:
    model.said = said
    found = ask(
        "how flaky is crm", stored_runs(out), NOW, model=Rephraser(url=url_of(model), model="m")
    )
    assert (found.answer, found.rephrased) == (None, None)
    assert found.why == "not known here: “flaky”"


@pytest.mark.parametrize(
    ("question", "told", "kept"),
    [
        ("how flaky is crm", "error rate of crm", True),
        ("how flaky is crm", "error rate of payments", False),
        ("how flaky is it without crm", "error rate of calls", False),
        ("how flaky is it without crm", "error rate of crm", False),
        ("how flaky is it without crm", "error rate of calls except crm", True),
        ("the worst 5% of crm", "p95 latency of crm", False),
        ("flakiness over 5 runs of crm", "error rate of crm in the last 5 runs", True),
    ],
)
def test_a_rephrased_question_keeps_names_numbers_and_negations(
    question: str, told: str, kept: bool
) -> None:
    assert keeps(question, told, NAMES) is kept


def test_a_model_that_cannot_be_reached_is_said(out: Path) -> None:
    rephraser = Rephraser(url="http://127.0.0.1:1/v1", model="m")
    found = ask("how flaky is crm", stored_runs(out), NOW, model=rephraser)
    assert found.answer is None
    assert "could not be asked" in found.notes[0]


@pytest.mark.parametrize("given", [{URL: "http://x"}, {MODEL: "m"}, {URL: "x", MODEL: "m"}])
def test_half_a_configuration_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Rephraser.configured(given)
