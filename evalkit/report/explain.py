"""`evalkit explain`: one call, and why it went as it did. A pure function of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.journal.lineage import lineage
from evalkit.journal.outcomes import outcome_of
from evalkit.journal.records import CONNECT, FaultMissed, Finding, Outcome, Severity, Stage
from evalkit.journal.rounds import multiplied, round_numbers, rounds
from evalkit.journal.views import CallView
from evalkit.report.considered import rule_lines, rules_title
from evalkit.report.flow import flow
from evalkit.report.lines import Line, line, wrapped
from evalkit.report.replied import reply_lines
from evalkit.report.words import call_name, clean, numbered, retry_layer, seconds, untold
from evalkit.suite.model import FaultRule

LONGEST_BODY = 400
"""Characters that are shown of a body."""

_Text: TypeAlias = tuple[int, str, str]
"""Indentation, text and colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A call with what is needed to explain it.

    `calls` are all calls of its session (or of none), in order, `began` is the world time at which
    the session began, `rules` are those of the scenario, None where the run does not hold them.
    `definition` says what the service's definition, as it is now, makes of the request.
    """

    scenario: str
    session: str | None
    call: CallView
    calls: Sequence[CallView]
    began: int
    rules: Sequence[FaultRule] | None
    missed: Sequence[FaultMissed] = ()
    findings: Sequence[Finding] = ()
    definition: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The name of the call, to be copied."""
        return call_name(self.session, self.call.call, self.scenario)


def explanation(explained: Explained, width: int) -> Iterator[Line]:
    """Everything that is known of a call, in the order in which it happened."""
    sections = (
        ("asked", _asked(explained)),
        ("which attempt it is, and why", _attempts(explained)),
        ("what answered", _answered(explained)),
        (
            rules_title(explained.rules),
            rule_lines(explained.call, explained.rules, explained.missed),
        ),
        ("what the client got", reply_lines(explained.call, LONGEST_BODY)),
        ("effects", _effects(explained.call)),
        ("findings that name it", _findings(explained)),
    )
    for title, texts in sections:
        shown = list(texts)
        if not shown:
            continue
        yield line("")
        yield line(title, "bold")
        for by, text, style in shown:
            yield from wrapped(text, width, style, by=by)


def headline(explained: Explained) -> str:
    """The call in a line."""
    call = explained.call
    took = "" if call.latency is None else f" after {seconds(call.latency)}"
    failed = ", which its client cannot use" if call.failed and _looks_well(call) else ""
    return f"{call.service} {clean(call.started.operation)}: {outcome_of(call)}{took}{failed}"


def _looks_well(call: CallView) -> bool:
    ended = call.ended
    return ended is not None and ended.outcome is Outcome.REPLIED and (ended.status or 0) < 400


def _asked(explained: Explained) -> Iterator[_Text]:
    begun = explained.call.started
    turn = "outside of turns" if begun.turn is None else f"in turn {begun.turn}"
    when = f"at {seconds(begun.at)} of world time"
    if explained.session is not None and explained.began:
        when += f", {seconds(begun.at - explained.began)} into its session"
    if explained.session is None:
        turn = "by code that could not be attributed to a session"
    yield 2, f"{when}, {turn}", ""
    if begun.operation == CONNECT:
        yield 2, "no request: it is journaled because its connection met a fault", ""
        return
    yield 2, f"{begun.method} {clean(begun.path)}", ""
    if begun.body:
        size = f"{len(begun.body):,} bytes: "
        yield 2, size + clean(begun.body.decode("utf-8", "replace"), LONGEST_BODY), "dim"
    if begun.sdk_retry is not None:
        yield 2, f"its SDK says that this is its retry {begun.sdk_retry} (0 is a first try)", ""


def _attempts(explained: Explained) -> Iterator[_Text]:
    call = explained.call
    same = [each for each in explained.calls if each.logical == call.logical]
    attempt = call.started.attempt
    numbers = round_numbers(same)
    whole = "a call of its own" if len(same) == 1 else f"attempt {attempt} of {len(same)}"
    yield 2, f"{whole}: {lineage(call, explained.calls)}", ""
    for each in same if len(same) > 1 else ():
        this = "  <- this call" if each is call else ""
        took = "" if each.latency is None else f" after {seconds(each.latency)}"
        began = seconds(each.started.at - explained.began)
        name = call_name(explained.session, each.call)
        layer = retry_layer(each.started.sdk_retry, numbers[each.call])
        by = f"  {layer}" if layer else ""
        yield 4, f"{clean(name)}  at {began}  {outcome_of(each)}{took}{by}{this}", ""
    made = rounds(same)
    if multiplied(made):
        most = max(map(len, made))
        text = f"two layers of retries: {len(made)} rounds of up to {most} requests inside the SDK"
        yield 2, text, "yellow"
    if call is same[-1] and call.failed:
        yield 2, "nothing followed it: no later call asked for the same", ""


def _answered(explained: Explained) -> Iterator[_Text]:
    call = explained.call
    ended = call.ended
    if call.started.operation == CONNECT:
        return
    if ended is None:
        yield 2, "nothing: the call never ended", "yellow"
        return
    if ended.complaint:
        yield 2, f"no route or rule: {clean(ended.complaint)}", "yellow"
    if ended.route:
        model = f" as {clean(ended.model)}" if ended.model else ""
        yield 2, f"{_route_words(call, ended.route)}{model}", ""
    elif not ended.complaint:
        yield 2, f"{call.service} itself, by none of its routes or rules", ""
    for text in explained.definition:
        yield 2, clean(text), ""
    if replaced := [each.fault for each in call.faults if each.stage is Stage.FIRED]:
        names = " and ".join(dict.fromkeys(replaced))
        yield 2, f"the client did not get this as it is: `{names}` changed it, see below", "yellow"


def _route_words(call: CallView, route: str) -> str:
    """`route GET /customers/{id}, with id = C-1`, or the rule of a script."""
    method, _, pattern = route.partition(" ")
    if not pattern.startswith("/"):
        return f"{clean(route)} of the script" if route.startswith("rules[") else clean(route)
    path = call.started.path.partition("?")[0]
    pairs = zip(pattern.split("/"), path.split("/"), strict=False)
    bound = [f"{name[1:-1]} = {text}" for name, text in pairs if name.startswith("{")]
    values = f", with {clean(', '.join(bound))}" if bound else ""
    return f"route {method} {clean(pattern)}{values}"


def _effects(call: CallView) -> Iterator[_Text]:
    for each in call.effects:
        key = f" ({', '.join(map(clean, each.key))})" if each.key else ""
        late = each.at - call.started.at
        data = f": {clean(flow(each.data), LONGEST_BODY)}" if each.data else ""
        yield 2, f"+{seconds(late)}  {clean(each.name)}{key}{data}", "green"


def _findings(explained: Explained) -> Iterator[_Text]:
    number = explained.call.call
    for each in explained.findings:
        if number not in each.calls:
            continue
        bad = each.severity is Severity.VIOLATION
        mark, style = ("✗", "red") if bad else ("·", "yellow")
        more = untold(each.calls, each.message)
        others = numbered(other for other in more if other != number)
        with_ = f" (with {others})" if others else ""
        yield 2, f"{mark} {each.severity.value} {each.check}: {clean(each.message)}{with_}", style
        if each.hint:
            yield 4, f"hint: {clean(each.hint)}", ""


def unmatched_lines(calls: Iterable[tuple[str, CallView]], width: int) -> Iterator[Line]:
    """The requests that no route or rule answered, those of one complaint together.

    `calls` are pairs of the scenario and the call.
    """
    kinds: dict[tuple[str, str], list[tuple[str, CallView]]] = {}
    for scenario, call in calls:
        if call.ended is not None and call.ended.complaint:
            key = (call.service, call.ended.complaint)
            kinds.setdefault(key, []).append((scenario, call))
    for (service, complaint), same in kinds.items():
        scenario, first = same[0]
        times = f", {len(same):,} times" if len(same) > 1 else ""
        asked = f"{first.started.method} {clean(first.started.path, 200)}"
        yield line("")
        yield from wrapped(f"{service} had no reply for {asked}{times}", width, "yellow")
        yield from wrapped(clean(complaint), width, by=2)
        name = call_name(first.started.session, first.call, scenario)
        word = "first" if len(same) > 1 else "call"
        yield line(f"{word}: {clean(name)}", by=2)
