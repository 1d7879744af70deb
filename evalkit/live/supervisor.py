"""Runs one command and sees to it that nothing of it stays behind. A script of its own, which needs
nothing but the standard library: `supervisor.py DESCRIPTOR COMMAND…`.

The descriptor is one end of a Unix socket. When the other end closes, because whoever holds it is
through or was killed, all that the command started is killed. `stop SECONDS` over it asks the
command to end (SIGTERM) and kills it so much later, `kill` kills it at once; `ended CODE` is told
when it is over, the code negative where a signal ended it.

On Linux the supervisor adopts what the command leaves behind (PR_SET_CHILD_SUBREAPER), so that a
grandchild in a session of its own is found too, and the command dies with the supervisor
(PR_SET_PDEATHSIG). Elsewhere what is found is the command's process group.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
_ROUNDS = 100


def main(arguments: list[str]) -> int:
    """Supervise the command until it is over."""
    control = socket.socket(fileno=int(arguments[0]))
    _prctl(_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    for each in (woken, wake):
        os.set_blocking(each, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the other end of the socket decides
    try:
        child = _started(arguments[1:])
    except OSError as error:
        _tell(control, f"failed {error.strerror}: {error.filename}")
        return 127
    code = _supervised(child, control, woken)
    _kill_all(child.pid)
    _tell(control, f"ended {code}")
    _drain(control)
    return 0


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def prepare() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _prctl(_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(command, start_new_session=True, preexec_fn=prepare)  # noqa: PLW1509


def _supervised(child: subprocess.Popen[bytes], control: socket.socket, woken: int) -> int:
    """The exit code of the command, once it is over or killed."""
    kill_at: float | None = None
    while (code := child.poll()) is None:
        left = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select([control.fileno(), woken], [], [], left)
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
        order = _order(control) if control.fileno() in ready else ""
        if order.startswith("stop"):
            kill_at = time.monotonic() + float(order.split()[1])
            _signal_group(child.pid, signal.SIGTERM)
        elif order == "kill" or (kill_at is not None and time.monotonic() >= kill_at):
            _kill_all(child.pid)
            return child.wait()
    return code


def _order(control: socket.socket) -> str:
    """The last order that came; a socket that closed is one to kill."""
    try:
        said = control.recv(4096)
    except OSError:
        said = b""
    return said.decode().split("\n")[-2].strip() if said else "kill"


def _drain(control: socket.socket) -> None:
    """Take what came too late: closing a socket with unread orders would look like an error."""
    control.setblocking(False)
    with contextlib.suppress(OSError):
        while control.recv(4096):
            pass


def _kill_all(pid: int) -> None:
    """Kill the process group of the command, then whatever came to be ours, until nothing is."""
    _signal_group(pid, signal.SIGKILL)
    for _ in range(_ROUNDS):
        own = [each for each in _children() if each != pid]
        if not own:
            return
        for each in own:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        for each in own:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(each, 0)


def _children() -> list[int]:
    """The processes whose parent is this one, where the system tells (Linux)."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123
            return [int(each) for each in file.read().split()]
    except (OSError, ValueError):
        return []


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _tell(control: socket.socket, what: str) -> None:
    with contextlib.suppress(OSError):
        control.sendall(f"{what}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
