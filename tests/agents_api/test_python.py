"""Agents in Python: what can be named, what it may give, and what is said about anything else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalkit.agents import AgentFailed
from evalkit.errors import StartError
from evalkit.journal.records import Answer
from tests.agents_api.opened import opened, turn, write

KINDS = {
    "function": """
        async def agent(turn):
            return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
    """,
    "wrapped": """
        import functools
        def plain(call):
            @functools.wraps(call)
            def wrapper(*args):
                return call(*args)
            return wrapper
        @plain
        async def agent(turn):
            return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
    """,
    "object": """
        class Desk:
            async def __call__(self, turn):
                return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
        agent = Desk()
    """,
    "class": """
        class agent:
            async def __call__(self, turn):
                return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
    """,
    "method": """
        class Desk:
            async def reply(self, turn):
                return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
        agent = Desk().reply
    """,
    "manager": """
        from contextlib import asynccontextmanager
        @asynccontextmanager
        async def agent():
            async def reply(turn):
                return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
            yield reply
    """,
    "manager object": """
        class Desk:
            async def __aenter__(self):
                return self
            async def __aexit__(self, *error):
                pass
            async def __call__(self, turn):
                return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
        agent = Desk()
    """,
    "factory": """
        def agent():
            async def reply(turn):
                return f"{turn.number} {turn.input} {turn.session.id} {turn.session.vars['name']}"
            return reply
    """,
    "typed reply": """
        from evalkit import Reply, Turn
        async def agent(turn: Turn) -> Reply:
            session = turn.session
            return Reply(f"{turn.number} {turn.input} {session.id} {session.vars['name']}")
    """,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_agent_is_an_async_callable_or_what_makes_one(tmp_path: Path, kind: str) -> None:
    write(tmp_path, agent=KINDS[kind])
    async with opened(tmp_path, python="agent.py:agent") as agent:
        reply = await agent.reply(turn("hello", 2, name="Ada"))
    assert reply.text == "2 hello s-1 Ada"
    assert reply.answer is Answer.ANSWERED


async def test_a_manager_is_entered_once_and_left(tmp_path: Path) -> None:
    write(
        tmp_path,
        agent="""
        from contextlib import asynccontextmanager
        from pathlib import Path
        LOG = Path(__file__).with_name("log")
        def log(text):
            LOG.write_text((LOG.read_text() if LOG.exists() else "") + text)
        @asynccontextmanager
        async def agent():
            log("in ")
            async def reply(turn):
                log("turn ")
                return "x"
            try:
                yield reply
            finally:
                log("out")
        """,
    )
    async with opened(tmp_path, python="agent.py:agent") as agent:
        await agent.reply(turn())
        await agent.reply(turn())
    assert (tmp_path / "log").read_text() == "in turn turn out"


async def test_patterns_tell_the_answer(tmp_path: Path) -> None:
    write(tmp_path, agent="async def agent(turn): return turn.input")
    patterns = {"(?i)call you back": "hold"}
    async with opened(tmp_path, python="agent.py:agent", answer_from=patterns) as agent:
        assert (await agent.reply(turn("We'll call you back"))).answer is Answer.HOLD
        assert (await agent.reply(turn("Done"))).answer is Answer.ANSWERED
        assert (await agent.reply(turn(""))).answer is None


async def test_siblings_and_packages_beside_the_suite_can_be_imported(tmp_path: Path) -> None:
    write(
        tmp_path,
        sibling_of_agent="VALUE = 'sibling'",
        pkg_of_agent____init__="",
        pkg_of_agent__desk="""
        from sibling_of_agent import VALUE
        from pkg_of_agent import inner
        async def agent(turn): return VALUE + inner.VALUE
        """,
        pkg_of_agent__inner="VALUE = ' inner'",
        src__agent="import beside_agent\nasync def agent(turn): return beside_agent.VALUE",
        src__beside_agent="VALUE = 'beside'",
    )
    async with opened(tmp_path, python="pkg_of_agent.desk:agent") as agent:
        assert (await agent.reply(turn())).text == "sibling inner"
    async with opened(tmp_path, python="src/agent.py:agent") as agent:
        assert (await agent.reply(turn())).text == "beside"


async def test_each_world_has_an_agent_of_its_own(tmp_path: Path) -> None:
    """Module state does not outlive a world, nor does what was done to make it importable."""
    path, modules = list(sys.path), set(sys.modules)
    counting = """
        import counter_of_agent
        async def agent(turn):
            counter_of_agent.COUNT += 1
            return f"{__name__} {counter_of_agent.COUNT}"
    """
    for name in ("one", "two"):
        write(tmp_path / name, agent=counting, counter_of_agent="COUNT = 0")
    for name in ("one", "one", "two"):
        async with opened(tmp_path / name, python="agent.py:agent") as agent:
            assert (await agent.reply(turn())).text == "agent 1"
    assert sys.path == path
    assert set(sys.modules) == modules


async def test_a_file_may_have_the_name_of_a_module(tmp_path: Path) -> None:
    json = sys.modules["json"]
    write(tmp_path, json="async def agent(turn): return __name__")
    async with opened(tmp_path, python="json.py:agent") as agent:
        assert (await agent.reply(turn())).text == "_agent_json"
        assert sys.modules["json"] is json


MISTAKES = [
    ("none.py:agent", "there is no file .*none.py", "beside it there is agent.py"),
    ("agnet.py:agent", "there is no file .*agnet.py", "did you mean agent.py?"),
    ("no_such_package.agent:x", "No module named 'no_such_package'", ""),
    ("agent.py:agnet", r"agent.py has no `agnet` \(.*agent.py\)", "did you mean agent?"),
    ("agent.py:Desk.replly", "has no `replly`", "did you mean reply?"),
    ("agent.py:sync", r"is a synchronous function \(.*agent.py:4\)", "allowed: an async function"),
    ("agent.py:VALUE", "is a int", "allowed: an async function"),
    ("agent.py:generator", "is an async generator without @asynccontextmanager", "allowed: "),
    ("agent.py:no_turn", "does not take exactly one argument, the turn", "allowed: "),
    ("agent.py:two", "does not take exactly one argument, the turn", "allowed: "),
    ("agent.py:yields_sync", "is a synchronous function", "allowed: "),
    ("agent.py:raises", "could not be started: KeyError: 'no key'", ""),
    ("agent.py:factory", "could not be started: RuntimeError: no factory", ""),
    ("raising.py:agent", r"cannot be imported: ValueError: boom \(.*deeper.py:3\)", ""),
    ("exiting.py:agent", "exiting.py cannot be imported: SystemExit: 3", ""),
    ("wrong.py:agent", r"wrong.py cannot be imported: SyntaxError: .*wrong.py, line 2", ""),
]


@pytest.mark.parametrize(("target", "message", "hint"), MISTAKES)
async def test_what_is_no_agent_is_refused_at_the_start(
    tmp_path: Path, target: str, message: str, hint: str
) -> None:
    write(
        tmp_path,
        agent="""
        from contextlib import asynccontextmanager
        async def agent(turn): return "x"
        def sync(turn): return "x"
        async def generator(): yield agent
        async def no_turn(): return "x"
        async def two(turn, other): return "x"
        VALUE = 5
        class Desk:
            async def reply(self, turn): return "x"
        @asynccontextmanager
        async def yields_sync(): yield sync
        @asynccontextmanager
        async def raises():
            raise KeyError("no key")
            yield agent
        def factory(): raise RuntimeError("no factory")
        """,
        raising="import deeper_of_agent as deeper",
        deeper_of_agent="\n\nraise ValueError('boom')",
        exiting="raise SystemExit(3)",
        wrong="\nasync def agent(turn) return 'x'",
    )
    message = message.replace("deeper.py", "deeper_of_agent.py")
    with pytest.raises(StartError, match=message) as caught:
        async with opened(tmp_path, python=target):
            pass
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", r"the agent returned nothing \(None\); allowed: text or an evalkit.Reply"),
        ("return {'text': 'x'}", r"the agent returned a dict: \{'text': 'x'\}; allowed: text or"),
        ("return b'x' * 999", r"the agent returned a bytes: b'xxx.*\.\.\.; allowed"),
        ("raise SystemExit(3)", r"the agent ended the process: SystemExit\(3\)"),
    ],
)
async def test_what_is_no_reply_fails_the_turn(tmp_path: Path, body: str, message: str) -> None:
    write(tmp_path, agent=f"async def agent(turn): {body}")
    async with opened(tmp_path, python="agent.py:agent") as agent:
        with pytest.raises(AgentFailed, match=message):
            await agent.reply(turn())


async def test_what_the_agent_raises_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, agent="async def agent(turn): raise LookupError('mine')")
    async with opened(tmp_path, python="agent.py:agent") as agent:
        with pytest.raises(LookupError, match="mine"):
            await agent.reply(turn())
