"""`evalkit export`, as it is typed."""

import json

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from evalkit.api import export
from evalkit.cli import main
from evalkit.errors import UsageError
from evalkit.store import Status
from tests.store.runs import record_of, scenario_of, stored
from tests.telemetry.messages import parsed
from tests.telemetry.runs import full_run
from tests.telemetry.test_sending import server


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(full_run(tmp_path_factory.mktemp("export") / "run").folder)


def test_a_run_goes_to_all_places_at_once(folder, tmp_path, capsys):
    files = {"--otlp-file": tmp_path / "run.jsonl", "--prometheus": tmp_path / "run.prom"}
    argv = [str(each) for pair in files.items() for each in pair]
    with server() as (url, seen):
        places = ["--otlp", url, "--pushgateway", f"{url}/push"]
        assert main(["export", folder, *argv, *places]) == 0
    lines = files["--otlp-file"].read_text(encoding="utf-8").splitlines()
    paths = {path.rpartition("/v1/")[2]: body for _, path, _, body in seen if "/v1/" in path}
    assert [paths["traces"].decode(), paths["metrics"].decode()] == lines
    assert len(parsed("traces", json.loads(lines[0])).resource_spans) == 1
    pushed = next(body for method, _, _, body in seen if method == "PUT")
    assert pushed == files["--prometheus"].read_bytes()
    assert len(list(text_string_to_metric_families(pushed.decode()))) > 40
    told = capsys.readouterr().out.splitlines()
    assert [each.split(": ", 1)[1].split()[0] for each in told[::2]] == ["12", "12"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run.jsonl", "run.prom"]


def test_headers_come_from_the_environment(folder, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x")
    with server((200, {}, b'{"partialSuccess": {"rejectedSpans": 3}}')) as (url, seen):
        (exported,) = export(folder, otlp=url, scenario="happy")
    assert {headers["Authorization"] for _, _, headers, _ in seen} == {"Bearer x"}
    assert exported.spans == 5
    assert exported.rejected == ("traces: 3 rejected: no reason given",)


def test_world_time_may_be_laid_elsewhere(folder, tmp_path):
    path = tmp_path / "run.jsonl"
    export(folder, otlp_file=path, starts_at="1970-01-01T00:00:01Z")
    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    spans = first["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert spans[0]["startTimeUnixNano"] == "1000000000"


def test_the_dashboard_and_the_alerts_are_printed(capsys):
    assert main(["export", "--dashboard"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "evalkit"
    assert main(["export", "--alerts"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["groups"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "which run is to be exported?"),
        (["RUN"], "where is the run to be exported to?"),
        (["no-such-run", "--prometheus", "x.prom"], "no-such-run"),
        (["RUN", "--dashboard"], "give no run"),
        (["--alerts", "--otlp", "http://x"], "give no run"),
        (["RUN", "--otlp", "localhost:4318"], "no URL to send to"),
        (["RUN", "--otlp-file", "/no/such/folder/x"], "cannot be written: No such file"),
        (["RUN", "--prometheus", "/no/such/folder/x"], "cannot be written: No such file"),
        (["RUN", "--prometheus", "x.prom", "--scenario", "crm-slo"], "did you mean crm-slow?"),
        (["RUN", "--prometheus", "x.prom", "--starts-at", "soon"], "no ISO 8601 time"),
        (["RUN", "--prometheus", "x.prom", "--starts-at", "1900-01-01"], "from 1970 on"),
    ],
)
def test_what_is_wrong_is_said(argv, words, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = [folder if each == "RUN" else each for each in argv]
    assert main(["export", *given]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_where_a_place_is_wrong(folder, tmp_path):
    with pytest.raises(UsageError):
        export(folder, prometheus=tmp_path / "x.prom", otlp="nonsense")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_killed_gives_what_it_has(tmp_path):
    given = {"status": Status.UNFINISHED, "verdict": None, "finished": None, "gates": ()}
    run = full_run(tmp_path / "run", **given)
    (exported,) = export(run, prometheus=tmp_path / "run.prom")
    text = (tmp_path / "run.prom").read_text(encoding="utf-8")
    read = {each.name: each for each in text_string_to_metric_families(text)}
    assert exported.metrics == len(read)
    assert [each.value for each in read["evalkit_run_complete"].samples] == [0]
    assert not {"evalkit_run_verdict", "evalkit_run_duration_seconds"} & set(read)


def test_a_run_of_which_nothing_was_kept(tmp_path):
    run = stored(tmp_path / "run", record=record_of(scenario_of()))
    (exported,) = export(run, otlp_file=tmp_path / "run.jsonl")
    assert exported.spans == 0
    message = json.loads((tmp_path / "run.jsonl").read_text(encoding="utf-8"))
    assert len(parsed("metrics", message).resource_metrics) == 1
