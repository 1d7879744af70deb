"""A store behind its routes, against a plain dictionary."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.services.asking import ANN, ask, handled, load, request, take_on, value

DEFINITION = """
service: rest
stores: {things: {}}
routes:
  POST /things: {create: things}
  GET /things: {list: things, page: 3}
  GET /things/{id}: {read: things}
  PATCH /things/{id}: {update: things}
  PUT /things/{id}: {replace: things}
  DELETE /things/{id}: {delete: things}
"""
with TemporaryDirectory() as _folder:
    TEMPLATE = load(Path(_folder), DEFINITION)

IDS = st.sampled_from(["a", "b", "c", "d", "7"])
SESSIONS = st.sampled_from(["s-1", "s-2"])
FIELDS = st.dictionaries(
    st.sampled_from("xyz"), st.none() | st.booleans() | st.integers() | st.text()
)


class StoreMachine(RuleBasedStateMachine):
    """Whatever is asked in whatever order, the store holds what was committed and nothing else."""

    def __init__(self):
        super().__init__()
        self.service = TEMPLATE.fresh()
        self.model = {"s-1": {}, "s-2": {}}
        self.lost = []
        self.calls = 0

    def asked(self, session, method, target, body=b"", *, commit=True):
        self.calls += 1
        caller = replace(ANN, session=session)
        sent = request(method, target, body, caller=caller, draw=str(self.calls))
        return sent, handled(self.service, sent, commit=commit)

    @rule(session=SESSIONS, key=IDS, fields=FIELDS, commit=st.booleans())
    def create(self, session, key, fields, commit):
        _, reply = self.asked(session, "POST", "/things", {"id": key, **fields}, commit=commit)
        assert reply.status == (409 if key in self.model[session] else 201)
        if reply.status == 201 and commit:
            self.model[session][key] = {"id": key, **fields}

    @rule(session=SESSIONS, fields=FIELDS)
    def create_without_a_key(self, session, fields):
        _, reply = self.asked(session, "POST", "/things", fields)
        record = value(reply)
        assert record["id"] not in self.model[session]
        self.model[session][record["id"]] = record

    @rule(session=SESSIONS, key=IDS, fields=FIELDS, commit=st.booleans())
    def update(self, session, key, fields, commit):
        _, reply = self.asked(session, "PATCH", f"/things/{key}", fields, commit=commit)
        found = self.model[session].get(key)
        assert reply.status == (404 if found is None else 200)
        if found is not None:
            assert value(reply) == {**found, **fields}
            if commit:
                found.update(fields)

    @rule(session=SESSIONS, key=IDS, fields=FIELDS)
    def replace(self, session, key, fields):
        _, reply = self.asked(session, "PUT", f"/things/{key}", fields)
        if reply.status == 200:
            self.model[session][key] = {**fields, "id": key}
        else:
            assert key not in self.model[session]

    @rule(session=SESSIONS, key=IDS)
    def delete(self, session, key):
        _, reply = self.asked(session, "DELETE", f"/things/{key}")
        assert reply.status == (204 if key in self.model[session] else 404)
        self.model[session].pop(key, None)

    @rule(session=SESSIONS, key=IDS, fields=FIELDS)
    def update_late(self, session, key, fields):
        sent, reply = self.asked(session, "PATCH", f"/things/{key}", fields, commit=False)
        if reply.status == 200:
            self.lost.append((session, key, fields, sent, reply))

    @precondition(lambda self: self.lost)
    @rule()
    def late_comes_in(self):
        session, key, fields, _, reply = self.lost.pop(0)
        take_on(reply)
        if key in self.model[session]:
            self.model[session][key].update(fields)

    @invariant()
    def everything_is_read_page_by_page(self):
        for session, records in self.model.items():
            caller, seen, query = replace(ANN, session=session), [], ""
            while query is not None:
                page = value(ask(self.service, "GET", f"/things{query}", caller=caller))
                seen += page["data"]
                query = f"?cursor={page['next_cursor']}" if page["has_more"] else None
            assert seen == list(records.values())


StoreMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_store = StoreMachine.TestCase
