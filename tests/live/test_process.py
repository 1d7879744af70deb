"""Processes under supervision: nothing of them stays behind, whatever ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from evalkit.agents.http import free_port
from evalkit.errors import StartError
from evalkit.live.output import FIRST, LAST, Output
from evalkit.live.process import Process, how_it_ended, start_process
from tests.live.worlds import HERE, alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

CHILDREN = """
import os, subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=True)
print(os.getpid(), other.pid, flush=True)
time.sleep(60)
"""


async def _started(
    output: Output, *command: str, folder: Path, script: str | None = None
) -> Process:
    words = command if script is None else (sys.executable, "-c", script)
    return await start_process(words, folder=folder, environment=HERE, output=output)


async def _pids(output: Output) -> list[int]:
    while "\n" not in output.text:
        await asyncio.sleep(0.01)
    return [int(each) for each in output.text.split()]


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_all_that_it_started_ends_with_it(tmp_path: Path, how: str) -> None:
    output = Output()
    process = await _started(output, folder=tmp_path, script=CHILDREN)
    pids = await _pids(output)
    assert all(map(alive, pids))
    if how == "kill":
        process.kill()
        process.kill()
        assert await process.gone() == -signal.SIGKILL
    else:
        assert await process.stop() == -signal.SIGTERM
    assert not any(map(alive, pids))


async def test_one_that_will_not_end_is_killed(tmp_path: Path) -> None:
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)\n"
    output = Output()
    process = await _started(output, folder=tmp_path, script=script + "time.sleep(60)")
    await _pids(output)
    assert await process.stop(grace=0.05) == -signal.SIGKILL


async def test_its_exit_code_and_its_last_words_are_known(tmp_path: Path) -> None:
    output = Output()
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    process = await _started(output, folder=tmp_path, script=script)
    assert await process.ended == 3
    assert sorted(output.text.split()) == ["err", "out"]


async def test_a_command_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    process = await _started(Output(), "no-such-command", folder=tmp_path)
    await process.ended
    assert process.failed == "No such file or directory: no-such-command"


async def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be started"):
        await _started(Output(), "true", folder=tmp_path / "none")


def test_it_ends_with_whoever_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    script = f"""
        import asyncio, os, sys
        from pathlib import Path
        from evalkit.live.output import Output
        from evalkit.live.process import start_process

        async def main():
            output = Output()
            await start_process([sys.executable, "-c", {CHILDREN!r}], folder=Path("."),
                                environment=dict(os.environ), output=output)
            while "\\n" not in output.text:
                await asyncio.sleep(0.01)
            print(output.text, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    with starter.stdout:
        pids = [int(each) for each in starter.stdout.readline().split()]
        starter.kill()
        starter.wait()
    assert len(pids) == 2
    until = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < until:
        os.sched_yield()
    assert not any(map(alive, pids))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (-9, "was killed by SIGKILL"),
        (-99, "was killed by signal 99"),
    ],
)
def test_an_end_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words


def test_output_keeps_its_beginning_and_its_end() -> None:
    output = Output()
    lines = [f"{number:07}\n".encode() for number in range(100_000)]
    for each in lines:
        output.take(each)
    text = output.text
    assert text.startswith("0000000\n")
    assert text.endswith("0099999\n")
    assert len(text) < FIRST + LAST + 100
    assert "bytes left out" in text


def test_a_port_that_is_wanted_is_had_unless_somebody_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert free_port(taken) not in (0, taken)
    assert free_port(taken) == taken
