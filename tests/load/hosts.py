"""A load test on several hosts, each a network namespace of one machine (Linux), joined by pairs of
virtual Ethernet: one host has evalkit, mocks, agent and Locust's master, every other one a worker.

`hosts.py SUITE WORDS… -- REGION…` is to be started in a namespace of its own (`unshare -rn`); it
says which namespaces there were. Nothing of them is left when it ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

ADDRESS, LOOPBACK, PORT = "10.213.0.1", "127.0.0.1", 5557
SCRIPT = [sys.executable, "-m", "tests.load.hosts"]
SECONDS = 120


def refusal() -> str | None:
    """Why there can be no hosts here; None where there can."""
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            return f"there is no {tool} here"
    probe = "ip link add name a type veth peer name b && unshare -n true"
    tried = subprocess.run(["unshare", "-rn", "sh", "-c", probe], capture_output=True, check=False)
    return tried.stderr.decode().strip() or "not permitted" if tried.returncode else None


def _ip(*words: str, there: Sequence[str] = ()) -> None:
    subprocess.run([*there, "ip", *words], check=True)


@contextmanager
def another_host(number: int) -> Iterator[list[str]]:
    """A host that reaches this one and nothing else; what commands there begin with."""
    near, far = f"10.213.{number}.1", f"10.213.{number}.2"
    sleeper = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo up; exec sleep 600"], stdout=-1)
    try:
        assert sleeper.stdout is not None
        sleeper.stdout.readline()  # it has left by now
        there = ["nsenter", "-t", str(sleeper.pid), "-n"]
        _ip("link", "add", f"near{number}", "type", "veth", "peer", "name", f"far{number}")
        _ip("link", "set", f"far{number}", "netns", str(sleeper.pid))
        for name, address, where in ((f"near{number}", near, []), (f"far{number}", far, there)):
            _ip("address", "add", f"{address}/30", "dev", name, there=where)
            _ip("link", "set", name, "up", there=where)
        _ip("link", "set", "lo", "up", there=there)
        _ip("route", "add", ADDRESS, "via", near, there=there)
        yield there
    finally:
        sleeper.kill()
        sleeper.wait()
        assert sleeper.stdout is not None
        sleeper.stdout.close()


def main(words: list[str]) -> None:
    """Run the test, and print the exit codes and the namespaces."""
    split = words.index("--")
    suite, regions = words[:split], words[split + 1 :]
    _ip("link", "set", "lo", "up")
    _ip("address", "add", f"{ADDRESS}/32", "dev", "lo")
    evalkit = [sys.executable, "-m", "evalkit", "load"]
    worker = [*evalkit, "--worker", f"{ADDRESS}:{PORT}", "--region"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    with ExitStack() as stack:
        hosts = [stack.enter_context(another_host(number + 1)) for number in range(len(regions))]
        amount = ["--master", f"{ADDRESS}:{PORT}", "--workers", str(len(regions))]
        master = subprocess.Popen([*evalkit, *suite, *amount], **quiet)  # type: ignore[call-overload]
        pairs = zip(hosts, regions, strict=True)
        workers = [subprocess.Popen([*on, *worker, each], **quiet) for on, each in pairs]  # type: ignore[call-overload]
        networks = [str(Path("/proc/self/ns/net").readlink())]
        for host in hosts:
            told = subprocess.run([*host, "readlink", "/proc/self/ns/net"], capture_output=True)
            networks.append(told.stdout.decode().strip())
        try:
            codes = [each.wait(SECONDS) for each in (master, *workers)]
        finally:
            for each in (master, *workers):
                each.kill()
        print(json.dumps({"codes": codes, "networks": networks}))


if __name__ == "__main__":
    os.environ.setdefault("EVALKIT_LOAD_TOKEN", os.urandom(16).hex())
    main(sys.argv[1:])
