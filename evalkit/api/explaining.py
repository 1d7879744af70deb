"""What the definition of a service, as its files are now, makes of a stored request.

The journal says which route or rule answered. Why a rule of a script did is found out again from
the script, which costs a run nothing; what is found is told only where it agrees with the journal,
since the script may have been changed since, and the request may have been cut or masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalkit.errors import EvalkitError
from evalkit.journal.views import CallView
from evalkit.report.explained import Define
from evalkit.services import load_service
from evalkit.services.explaining import Explains, Tried
from evalkit.store import Run
from evalkit.suite import load_sessions, load_suite
from evalkit.suite.model import SessionRecord, Suite
from evalkit.wire import Caller, Request


def defined_by(run: Run) -> Define:
    """What the definitions of the suite that a run is of make of its calls, in sentences."""
    path = Path(run.record.path)

    def define(scenario: str, call: CallView) -> Sequence[str]:
        if not path.is_file():
            return ()
        try:
            suite = load_suite(path).value
            return _sentences(call, _tried(suite, path.parent, scenario, call), suite)
        except EvalkitError:  # it has been changed since, and is wrong now: the journal has to do
            return ()

    return define


def _tried(suite: Suite, folder: Path, scenario: str, call: CallView) -> Sequence[Tried]:
    known = suite.scenarios.get(scenario)
    services = suite.services if known is None else suite.services_in(known)
    use = services.get(call.service)
    if use is None or not (use.script or use.scripts) or not call.started.method:
        return ()
    service = load_service(call.service, use, folder).fresh()
    if not isinstance(service, Explains):
        return ()
    return service.explain(_request(call, _caller(suite, folder, scenario, call)))


def _request(call: CallView, caller: Caller | None) -> Request:
    begun = call.started
    path, _, query = begun.path.partition("?")
    pairs = tuple(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return Request(
        method=begun.method,
        path=path,
        host="",
        query=pairs,
        headers=begun.headers,
        body=begun.body,
        at=begun.at,
        caller=caller,
    )


def _caller(suite: Suite, folder: Path, scenario: str, call: CallView) -> Caller | None:
    begun = call.started
    if begun.session is None or begun.turn is None:
        return None
    record = _record(suite, folder, scenario, begun.session)
    if record is None:
        return Caller(session=begun.session, turn=begun.turn)
    plan = [each.model_dump() for each in record.plan]
    return Caller(session=begun.session, turn=begun.turn, vars=record.vars, plan=plan)


def _record(suite: Suite, folder: Path, scenario: str, session: str) -> SessionRecord | None:
    """The record of a session; a repeated one is found by the id that it repeats."""
    own = suite.scenarios[scenario].sessions if scenario in suite.scenarios else None
    settings = suite.sessions if own is None or not (own.items or own.source) else own
    records = settings.items or (load_sessions(folder / settings.source) if settings.source else ())
    exact = next((each for each in records if each.id == session), None)
    return exact or next((each for each in records if session.startswith(f"{each.id}~")), None)


def _sentences(call: CallView, tried: Sequence[Tried], suite: Suite) -> Sequence[str]:
    """Why what answered did, and why what comes before it did not."""
    if not tried or call.ended is None:
        return ()
    use = suite.services[call.service]
    answers = next((each for each in tried if each.differs is None), None)
    now = None if answers is None else answers.name
    if now != call.ended.route:
        would = "nothing in it answers this" if now is None else f"{now} answers this"
        return (
            f"in {use.script or 'the scripts'} as it is now {would}: it was changed since, "
            "or what was asked is not stored whole",
        )
    passed = [f"{each.name} did not: it wants {each.differs}" for each in tried if each.differs]
    if answers is None or now is None:
        return passed
    wants = " and ".join(answers.wants)
    why = f"{answers.name} wants {wants}: that holds" if wants else f"{answers.name} takes all"
    return (why if not now.startswith("plan") else "the plan of the session has it next", *passed)
