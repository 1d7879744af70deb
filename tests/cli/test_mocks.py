from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from evalkit.cli import main
from evalkit.engine.serving import Tally, mocks_at
from evalkit.errors import UsageError
from evalkit.journal.records import CallEnded, CallStarted, EffectCommitted

DEFINITION = """
service: rest
routes:
  GET /items/{id}: {reply: {json: {id: "{{ path.id }}", of: "{{ session.id }}"}}}
"""


def test_mocks_are_served_until_they_are_interrupted(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(DEFINITION)
    command = [sys.executable, "-m", "evalkit", "mocks", "serve", str(tmp_path / "shop.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        name, url = it.stdout.readline().split()
        headers = {"baggage": "evalkit.session=s-7"}
        request = urllib.request.Request(f"{url}/items/a", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        it.send_signal(signal.SIGINT)
        printed, complained = it.communicate(timeout=30)
    assert name == "shop"
    assert body == b'{"id":"a","of":"s-7"}'
    assert "shop: 1 calls, 0 failed" in printed
    assert "Traceback" not in complained
    assert it.returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.yaml"], "there is no file"),
        (["a.yaml", "--scenario", "x"], "only a suite has scenarios"),
        (["a.eval.yaml", "b.yaml"], "one suite at a time"),
        (["a.yaml", "--port", "70000"], "is no port"),
        (["a.yaml", "--port", "x"], "is no port"),
    ],
)
def test_what_cannot_be_served_is_said(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["mocks", "serve", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_suite_is_served_with_its_sessions_and_the_faults_of_a_scenario() -> None:
    suite = Path(__file__).parents[2] / "scenarios" / "support" / "support.eval.yaml"
    mocks = mocks_at([suite], scenario="crm-slow", script=None)
    assert {each.template.info.name for each in mocks.services} >= {"llm", "crm"}
    assert len(mocks.faults) == 1
    assert mocks.callers[0].vars
    assert mocks_at([suite], scenario=None, script=None).faults == ()
    with pytest.raises(UsageError, match="no scenario is named"):
        mocks_at([suite], scenario="crm-slo", script=None)


def test_a_tally_keeps_nothing() -> None:
    tally = Tally()
    tally.append(
        EffectCommitted(at=1, session="s", turn=1, service="a", call=1, name="x", key=(), data={})
    )
    for complaint in (None, "no route"):
        tally.call_began("a", CallStarted)
        tally.call_ended("a", failed=complaint is not None, complaint=complaint, make=CallEnded)
    assert tally.effects == {"x": 1}
    assert (tally.calls, tally.failed) == ({"a": 2}, {"a": 1})
    assert tally.complaints == {"a: no route": 1}
    assert len(tally) == 0
