"""A fault rule as the schedule reads it, and the mistakes a rule can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from evalkit.faults.base import Fault
from evalkit.faults.trigger import When
from evalkit.journal.records import WEBHOOK

AGENT = "agent"
"""What `at` says of a fault that befalls the agent itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to inject (`faults`, in order), where (`service`, `operation` glob) and `when`.

    `index` is its place in the scenario, from 0. No operation means all of the service's.
    """

    index: int
    service: str
    operation: str | None
    when: When
    faults: tuple[Fault, ...]

    @classmethod
    def parse(cls, index: int, at: str, when: When, faults: tuple[Fault, ...]) -> Rule:
        """The rule of an `at` that is written `service` or `service OPERATION-GLOB`."""
        service, _, operation = at.strip().partition(" ")
        glob = operation.strip() or None
        return cls(index=index, service=service, operation=glob, when=when, faults=faults)

    @property
    def connects(self) -> bool:
        """Whether it acts on connections."""
        return any(fault.connects for fault in self.faults)

    @property
    def of_agent(self) -> bool:
        """Whether it befalls the agent, and no service."""
        return self.service == AGENT

    @property
    def calls_back(self) -> bool:
        """Whether it acts on webhooks, and on no call of the agent's."""
        return any(fault.calls_back for fault in self.faults)

    def aims_at(self, operation: str) -> bool:
        """Whether an operation of its service is meant."""
        return self.operation is None or fnmatchcase(operation, self.operation)


def problems_of(rule: Rule) -> list[str]:
    """Every mistake in a rule, each in a sentence."""
    own = _of_agent(rule) if rule.of_agent else _of_service(rule)
    return [*_of_injection(rule), *_of_when(rule.when), *own]


def _of_service(rule: Rule) -> Iterator[str]:
    yield from _of_sequence(rule)
    yield from _of_connecting(rule)
    yield from _of_callbacks(rule)
    if names := [fault.name for fault in rule.faults if fault.of_agent]:
        yield f"{names[0]} befalls the agent; write `at: agent`, and where and when under `when`"
    if given := _given(rule.when, _MOMENTS):
        yield f"`{given[0]}` is a moment of the agent's; write it with `at: agent`"


_MOMENTS = ("after", "during", "before")
_NO_MOMENT = ("until", "sequence")


def _given(when: When, names: Iterable[str]) -> list[str]:
    return [name for name in names if getattr(when, name) is not None]


def _of_agent(rule: Rule) -> Iterator[str]:
    when = rule.when
    if rule.operation is not None:
        yield (
            f"the agent has no operation {rule.operation}; write `at: agent` and name the call "
            "under `when`: {during: service OPERATION-GLOB}"
        )
    if wrong := [fault.name for fault in rule.faults if not fault.of_agent]:
        yield f"{', '.join(wrong)} befalls calls of services; at the agent there is: restart"
    if len(rule.faults) > 1 and not wrong:
        yield "one `restart` is enough; give another moment a rule of its own"
    if len(moments := _given(when, _MOMENTS)) > 1:
        yield f"{' and '.join(moments)} are different moments; give each a rule of its own"
    if given := [*_given(when, _NO_MOMENT), *(["per"] if when.per == "attempt" else [])]:
        yield f"`{given[0]}` is for calls of services, and says nothing of the agent"
    yield from _of_moment(when)


def _of_moment(when: When) -> Iterator[str]:
    """What only some moments have."""
    if when.during is None and (given := _given(when, ("attempt", "attempts", "match"))):
        yield f"`{given[0]}` is of a call; name the call: {{during: service OPERATION-GLOB}}"
    if when.call is not None and when.during is None and when.after is None:
        yield (
            "`call` counts calls or effects; name them: {during: service OPERATION-GLOB} or "
            "{after: {effect: NAME}}"
        )


def _of_injection(rule: Rule) -> Iterator[str]:
    if not rule.service:
        yield "`at` names no service; write `service` or `service OPERATION-GLOB`"
    if not rule.faults and rule.when.sequence is None:
        yield "nothing is injected; write `inject:` with a fault"


def _of_when(when: When) -> Iterator[str]:
    if when.attempt is not None and when.attempts is not None:
        yield "`attempt` and `attempts` say the same thing; keep one"
    if when.attempts == ():
        yield "`attempts` is empty, so the fault never fires"
    if when.share is not None and when.ramp is not None:
        yield "`share` and `ramp` say the same thing; keep one"
    if when.match == {}:
        yield "`match` is empty, so it asks for nothing; write a place and what stands there"
    if when.per == "attempt" and when.share is None and when.ramp is None:
        yield "`per: attempt` says how a `share` is drawn, and there is no `share`"


def _of_sequence(rule: Rule) -> Iterator[str]:
    sequence = rule.when.sequence
    if sequence is None:
        return
    wrong = [str(each) for each in sequence if isinstance(each, int) and not 400 <= each <= 599]
    if wrong:
        yield f"`sequence` holds {', '.join(wrong)}; allowed: a status from 400 to 599, ok, inject"
    if "inject" in sequence and not rule.faults:
        yield "`sequence` says `inject`, and there is no `inject:` beside `when:`"
    if "inject" not in sequence and rule.faults:
        yield "`inject:` is never used; write `inject` where the `sequence` should use it"
    if not any(each != "ok" for each in sequence):
        yield "`sequence` injects nothing"


def _of_connecting(rule: Rule) -> Iterator[str]:
    if not rule.connects:
        return
    names = " and ".join(fault.name for fault in rule.faults if fault.connects)
    if not all(fault.connects for fault in rule.faults):
        yield f"{names} acts on connections; give the other faults a rule of their own"
    if rule.operation is not None:
        yield (
            f"{names} is chosen by service and session only: there is no request yet that could "
            f"be {rule.operation}; write `at: {rule.service}`"
        )
    by_call = ("call", "attempt", "attempts", "turn", "match", "until", "sequence")
    given = [name for name in by_call if getattr(rule.when, name) is not None]
    given += ["per: attempt"] if rule.when.per == "attempt" else []
    if given:
        yield (
            f"{names} is chosen by service and session only; not allowed: {', '.join(given)}; "
            "allowed: share, ramp, first, window"
        )


def _of_callbacks(rule: Rule) -> Iterator[str]:
    names = " and ".join(fault.name for fault in rule.faults if fault.calls_back)
    at_webhooks = rule.operation is not None and rule.operation.startswith(WEBHOOK.rstrip())
    if not names:
        if at_webhooks:
            yield (
                f"`{rule.operation}` is sent by the service; what can befall it are the faults "
                "called callback_…"
            )
        return
    if not all(fault.calls_back for fault in rule.faults):
        yield f"{names} acts on webhooks; give the other faults a rule of their own"
    if rule.operation is not None and not at_webhooks:
        yield f"{names} acts on webhooks; write `at: {rule.service} webhook NAME`"
    if any(isinstance(each, int) for each in rule.when.sequence or ()):
        yield f"{names} acts on webhooks, which no status can befall; allowed: ok, inject"
