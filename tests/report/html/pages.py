"""Pages taken apart, and runs to make pages of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from evalkit.gate import CheckResult, GateResult, Verdict
from evalkit.gate.baseline import ChangedSession, Compared, Shift
from evalkit.gate.faults import RuleResult
from evalkit.journal.records import AnyRecord, End, Severity
from evalkit.live.meter import Fidelity, LoadCounts
from evalkit.metrics import Spent, Unit
from evalkit.report.html.reading import Stored
from evalkit.store import Run, RunRecord, ScenarioRecord
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, stored

HOSTILE = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "</script></style></title><script>window.pwned=1</script><!--",
    "';window.pwned=1;'",
    "<!--<script>",
    "]]><svg/onload=window.pwned=1>",
    "{{ 7*7 }}{% raw %}${7*7}",
    "javascript:window.pwned=1",
    "\u202egnp.exe\u2066\u200b\x00\x1b[31m\x07\u2028\u2029\ufeff",
    "&lt;script&gt;&amp;#60;",
    "a\tb\r\nc\udcff" + "x" * 300,
    "#session=x&call=1",
)
"""Texts that an agent, a service or a suite may come up with."""


@dataclass
class Page(HTMLParser):
    """What a parser sees of a page."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []

    @classmethod
    def of(cls, html: str) -> Page:
        page = cls()
        page.feed(html)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def gate_of(**given: Any) -> GateResult:
    defaults: dict[str, Any] = {
        "gate": "p90(turn.latency) < 1s",
        "figure": "p90(turn.latency)",
        "scope": "suite",
        "verdict": Verdict.FAIL,
        "observed": 2e9,
        "op": "<",
        "limit": 1e9,
        "unit": Unit.DURATION,
        "n": 10,
        "sessions": 5,
        "low": 1.5e9,
        "high": 2.5e9,
        "margin": -1e9,
        "why": "p90(turn.latency) is 2s, not < 1s",
    }
    return GateResult(**{**defaults, **given})


def happy(session: str) -> Pen:
    """A session without faults."""
    pen = Pen(session).start(0).begin(0)
    pen.call("llm", 0, 400, usage=(100, 20), model="gpt-4o").call("crm", 400, 450)
    return pen.reply(500, answer="answered").end(500)


def flaky(session: str) -> Pen:
    """The same with a fault that it recovers from."""
    pen = Pen(session).start(0).begin(0)
    pen.call("llm", 0, 400, usage=(100, 20), model="gpt-4o")
    pen.call("crm", 400, 450, status=503, fault="status")
    pen.call("crm", 1450, 1500, attempt=2, logical=2)
    return pen.reply(1600, answer="answered").end(1600)


def broken(session: str) -> Pen:
    """The same with a fault that it does not survive."""
    pen = Pen(session).start(0).begin(0)
    pen.call("crm", 0, 9000, outcome="abandoned", status=None, fault="stall")
    pen.reply(9000, None, error="raised: it took too long")
    pen.find(9000, 1, check="within-budget", hint="set a timeout")
    return pen.end(9000, End.FAILED, "turn 1 raised")


def small_run(folder: Path, **given: Any) -> Run:
    """A run of three scenarios: without faults, with one survived, and with one that is not."""
    scenarios = (
        scenario_of("happy", sessions=2, verdict=Verdict.PASS, ends={End.COMPLETED: 2}),
        _faulty("flaky", "{status: 503}", verdict=Verdict.PASS, ends={End.COMPLETED: 2}),
        _faulty(
            "broken",
            "stall",
            verdict=Verdict.FAIL,
            ends={End.FAILED: 2},
            reasons=("none of 2 sessions completed",),
            checks=(_check("within-budget", 2),),
        ),
    )
    record = record_of(
        *scenarios,
        **{
            "verdict": Verdict.FAIL,
            "exit_code": 1,
            "reasons": ("broken: none of 2 sessions completed",),
            "gates": (gate_of(),),
            "spent": (_spent(),),
            "budgets": {"crm": 1_000_000_000},
            **given,
        },
    )
    stories = {"happy": happy, "flaky": flaky, "broken": broken}
    results = [
        result_of([*story("s1").records, *story("s2").records], scenario=name, planned=("s1", "s2"))
        for name, story in stories.items()
    ]
    return stored(folder, *results, record=record)


def _faulty(name: str, fault: str, **given: Any) -> ScenarioRecord:
    rule = {"at": "crm", "inject": [fault]}
    return scenario_of(name, sessions=2, faulty=True, control="happy", rules=(rule,), **given)


def _check(name: str, findings: int) -> CheckResult:
    return CheckResult(
        check=name,
        severity=Severity.VIOLATION,
        allowed=False,
        findings=findings,
        sessions=findings,
        first="wrong",
    )


def _spent() -> Spent:
    return Spent(
        service="llm",
        model="gpt-4o",
        by="test",
        priced_as="gpt-4o",
        calls=4,
        unpriced=0,
        tokens_in=400,
        tokens_out=80,
        cost=0.01,
    )


def stored_small(folder: Path, **given: Any) -> Stored:
    return Stored.of(small_run(folder, **given))


def hostile_run(folder: Path) -> Run:
    """A run in which every text that comes from elsewhere is one of `HOSTILE`."""
    results, scenarios = [], []
    for at, text in enumerate(HOSTILE):
        name = f"s{at} {text}".encode("utf-8", "replace").decode()
        session = f"{name} session"
        pen = Pen(session).start(0).begin(0)
        body = text.encode("utf-8", "surrogateescape")
        pen.call("crm", 0, 50, status=503, fault="status", body=body)
        pen.call("crm", 60, 90, attempt=2, logical=1, route=name, complaint=name, body=body)
        pen.reply(100, name, error=name, traceback=name)
        pen.find(100, 1, check="scope", hint=name, expected=name, seen=name)
        records = pen.end(100, End.FAILED, name).records
        results.append(result_of(records, scenario=name, planned=(session,)))
        scenarios.append(_hostile_scenario(name))
    return stored(folder, *results, record=_hostile_record(scenarios))


def _hostile_scenario(name: str) -> ScenarioRecord:
    return scenario_of(
        name,
        description=name,
        verdict=Verdict.FAIL,
        faulty=True,
        reasons=(name,),
        notes=(name,),
        ends={End.FAILED: 1},
        rules=({"at": "crm", "inject": [{"status": 503, "body": name}]},),
        gates=(gate_of(gate=name, group=name, scope=name, why=name),),
        checks=(_check("scope", 1),),
    )


def _hostile_record(scenarios: list[ScenarioRecord]) -> RunRecord:
    worst = HOSTILE[2]
    return record_of(
        *scenarios,
        suite=worst,
        path=worst,
        command=f"evalkit run '{worst}'",
        verdict=Verdict.FAIL,
        reasons=(worst,),
        notes=(worst,),
        warnings=HOSTILE[:3],
        versions={worst: worst},
        commit=worst,
        branch=worst,
    )


def under_load(session: str, at: float, *, outage: bool) -> list[AnyRecord]:
    """A session under load that begins at this many milliseconds, and may meet an outage."""
    pen = Pen(session).start(at).begin(at)
    pen.call("crm", at, at + 100, status=503 if outage else 200, fault="status" if outage else None)
    pen.reply(at + 200, None if outage else "Done.", error="it is down" if outage else None)
    return pen.end(at + 200, End.FAILED if outage else End.COMPLETED).records


def loaded_run(folder: Path, **given: Any) -> Run:
    """Forty sessions, two a second from the fifth second on, of which those met an outage that
    began in the sixth to the tenth second; held against a baseline.
    """
    moments = [5_000 + 500 * number for number in range(40)]
    records = [
        record
        for number, at in enumerate(moments)
        for record in under_load(f"s{number:02}", at, outage=10_000 <= at < 15_000)
    ]
    window = {"from": "5s", "to": "10s"}
    rules = (
        {"at": "crm", "when": {"window": window}, "inject": [{"status": 503}]},
        {"at": "crm", "inject": ["stall"]},
    )
    met = RuleResult(
        rule=0, at="crm", scheduled=10, fired=10, delivered=10, missed=0, excused=False
    )
    counts = LoadCounts(given=42, dropped=2, late_p50=1_000_000, late_p99=8_000_000)
    scenario = scenario_of(
        "outage",
        sessions=40,
        faulty=True,
        tags=("critical",),
        verdict=Verdict.FAIL,
        ends={End.COMPLETED: 30, End.FAILED: 10},
        rules=rules,
        faults=(met,),
        fidelity=Fidelity(late_p99=2_000_000, own_p99=500_000, load=counts),
        gates=(gate_of(scope="outage", before=1.5e9),),
    )
    record = record_of(
        scenario, clock="real", verdict=Verdict.FAIL, compared=_compared(), gates=(gate_of(),)
    )
    return stored(folder, result_of(records, scenario="outage"), record=replace(record, **given))


def _compared() -> Compared:
    shift = Shift(
        scenario="outage",
        series="turn.latency",
        unit=Unit.DURATION,
        what="p99",
        before=100e6,
        now=200e6,
        n=40,
        worse=30,
        better=1,
    )
    spared = replace(shift, scenario="spared")
    cheaper = replace(shift, series="session.cost", unit=Unit.MONEY, before=0.02, now=0.01)
    changed = [
        ChangedSession(
            scenario="outage",
            session=name,
            step=2,
            before="turn 1: crm GET / → 200",
            now=now,
            was_good=True,
            is_good=now is not None,
        )
        for name, now in (("s01", "answered"), ("s02", None), ("s03", None))
    ]
    return Compared(
        baseline="support-20260101T090000Z-aaaa",
        run="support-20260105T090000Z-3fa2",
        paired=True,
        sessions=40,
        regressions=(spared, shift),
        improvements=(cheaper,),
        changed=tuple(changed),
        new=("the service queue",),
        excused=("spared",),
    )
