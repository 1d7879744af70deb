"""`junit.xml`: a run as the test reports of Jenkins, GitLab, Azure Pipelines and others show it.

There is no standard; this is what they all read: `testsuites` of one `testsuite` of `testcase`s, a
`failure` (the agent did wrong) or an `error` (it could not be judged) in them. GitLab tells cases
apart by class name and name, so each is there once; Jenkins takes what is before the last dot of
the class name for a package. A scenario that does not block is `skipped` where it did not pass: the
platforms would block on a failure, and the verdict does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from xml.etree import ElementTree as ET

from evalkit.gate import Verdict
from evalkit.report.closing import gate_lines, scenario_lines
from evalkit.report.lines import plain
from evalkit.report.words import worded
from evalkit.store import Run, RunRecord, ScenarioRecord

WIDTH = 100
PACKAGE = "evalkit"

# What XML 1.0 cannot hold, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run) -> str:
    """The text of a run's `junit.xml`: a case for each scenario, and one for what is of the run."""
    record = run.record
    ordered = sorted(record.scenarios, key=lambda each: not each.critical)
    cases = [_of_scenario(run, each) for each in ordered if not each.added]
    cases += _of_run(record)
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    texts = {name: str(number) for name, number in counts.items()}
    texts["time"] = f"{_seconds(record):.3f}"
    suite = _element("testsuite", name=record.suite, timestamp=record.started[:19], **texts)
    suite.append(_properties(record))
    suite.extend(cases)
    # Jenkins' schema knows no count of skipped cases above a suite.
    of_all = {name: text for name, text in texts.items() if name != "skipped"}
    whole = _element("testsuites", name=PACKAGE, **of_all)
    whole.append(suite)
    ET.indent(whole)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(whole, encoding="unicode")}\n'


def _of_scenario(run: Run, scenario: ScenarioRecord) -> ET.Element:
    case = _case(run.record, scenario.name)
    text = "\n".join(map(plain, scenario_lines(run, scenario, WIDTH)))
    again = run.record.again(scenario.name)
    _judge(case, scenario.verdict, scenario.reasons, f"{text}\n\n{again}", _spared(scenario))
    return case


def _of_run(record: RunRecord) -> Iterator[ET.Element]:
    """The gates of the suite and what else is of no scenario, as a case each. Their names have
    blanks, which no scenario's has.
    """
    if record.gates:
        case = _case(record, "gates of the suite")
        verdicts = [each.verdict for each in record.gates if each.blocking]
        worst = next((each for each in _WORST if each in verdicts), Verdict.PASS)
        why = tuple(each.why for each in record.gates if each.verdict is not Verdict.PASS)
        _judge(case, worst, why, "\n".join(map(plain, gate_lines(record.gates, WIDTH))))
        yield case
    if record.compared is not None:
        case = _case(record, "against the baseline")
        compared = record.compared
        why = tuple(f"{each.scenario}: {each.series}" for each in compared.counting)
        _judge(case, compared.verdict, why, "\n".join((*record.reasons, "", record.command)))
        yield case
    if record.not_started is not None or record.difference is not None:
        case = _case(record, "the run as a whole")
        why = tuple(each for each in (record.not_started, record.difference) if each is not None)
        verdict = Verdict.FAIL if record.not_started is None else Verdict.ERROR
        _judge(case, verdict, why, "\n".join(record.reasons))
        yield case


_WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE)


def _judge(
    case: ET.Element,
    verdict: Verdict | None,
    reasons: tuple[str, ...],
    text: str,
    spared: str = "",
) -> None:
    if verdict is Verdict.PASS:
        return
    message = reasons[0] if reasons else worded(verdict)
    if spared:
        told = f"{spared}: {worded(verdict)}, {message}"
        case.append(_element("skipped", message=told))
        ET.SubElement(case, "system-out").text = _xml(text)
        return
    kind = "error" if verdict is Verdict.ERROR else "failure"
    found = _element(kind, message=message, type="not judged" if verdict is None else verdict.value)
    found.text = _xml(text)
    case.append(found)


def _spared(scenario: ScenarioRecord) -> str:
    """Why what came of a scenario does not block; empty where it does."""
    return "" if scenario.blocking else scenario.standing


def _case(record: RunRecord, name: str) -> ET.Element:
    # A dot within the suite's name would be taken for one more level of packages.
    group = f"{PACKAGE}.{record.suite.replace('.', '_')}"
    return _element("testcase", classname=group, name=name, file=record.path, time="0")


def _properties(record: RunRecord) -> ET.Element:
    found = ET.Element("properties")
    told = {
        "run": record.run,
        "verdict": worded(record.verdict),
        "seed": str(record.seed),
        "digest": record.digest,
        "clock": record.clock,
        "commit": record.commit,
        "command": record.command,
    }
    for name, value in told.items():
        if value is not None:
            found.append(_element("property", name=name, value=value))
    return found


def _seconds(record: RunRecord) -> float:
    """How many real seconds the run took."""
    if record.finished is None:
        return 0.0
    begin, end = map(datetime.fromisoformat, (record.started, record.finished))
    return (end - begin).total_seconds()


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: _xml(value) for name, value in attributes.items()})


def _xml(text: str) -> str:
    """The text with what XML cannot hold made visible."""
    return _FORBIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)
