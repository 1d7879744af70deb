"""Runs the shipped suites with other agents than the shipped ones.

A suite names its agent, and there is no way to run it with another; so a copy of the suite is
written into a folder, with the agent's line changed and every path made absolute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIOS = HERE.parents[2] / "scenarios"

PATHS = re.compile(r"\b(?P<key>use|script|from|document): (?P<path>[./\w-]+\.(?:yaml|jsonl|json))")
AGENT = re.compile(r"(?m)^(?P<key>  (?:python|asgi): ).*$")


def suite_with(suite: str, agent: str, folder: Path, sessions: Collection[str] = ()) -> Path:
    """A copy of a shipped suite, in `folder`, whose agent is `file.py:name` of this folder.

    With `sessions`, files of sessions hold only those of these ids.
    """
    home = SCENARIOS / suite

    def there(found: re.Match[str]) -> str:
        path = (home / found["path"]).resolve()
        kept = _some(path, folder, sessions) if sessions and found["key"] == "from" else path
        return f"{found['key']}: {kept}"

    text = PATHS.sub(there, (home / f"{suite}.eval.yaml").read_text(encoding="utf-8"))
    text, changed = AGENT.subn(rf"\g<key>{HERE / agent}", text, count=1)
    assert changed, f"{suite} names its agent in no way that is known here"
    copy = folder / f"{suite}-{agent.partition(':')[2].replace('_', '-')}.eval.yaml"
    copy.write_text(text, encoding="utf-8")
    return copy


def _some(path: Path, folder: Path, sessions: Collection[str]) -> Path:
    """A file with only these sessions; the whole one where it has none of them."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["id"] in sessions]
    if not kept:
        return path
    (folder / path.name).write_text("".join(kept), encoding="utf-8")
    return folder / path.name
