"""The comment on a fork's pull request: the event as GitHub sends it, an API that answers as GitHub
does, and an artifact from somebody hostile.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from evalkit.gate import Verdict
from evalkit.store import to_json
from tests.report.ci.test_comment import parsed
from tests.store.runs import record_of, scenario_of

POST = Path(__file__).parents[2] / ".github/actions/comment/post.py"
SHA = "2539d9d90f606fa77c4b22239ccf1e9cab56314d"
BRANCH = "patch-1;$(touch pwned)&head=victim:main"


def event(**changes: Any) -> dict[str, Any]:
    """An event `workflow_run` of a fork's pull request: its `pull_requests` is empty, as ever."""
    run = {
        "id": 30433642,
        "name": "test",
        "event": "pull_request",
        "status": "completed",
        "conclusion": "failure",
        "head_branch": BRANCH,
        "head_sha": SHA,
        "pull_requests": [],
        "head_repository": {"id": 2, "full_name": "mallory/shop", "owner": {"login": "mallory"}},
        "repository": {"id": 1, "full_name": "acme/shop", "owner": {"login": "acme"}},
    }
    return {"action": "completed", "workflow_run": run | changes, "repository": run["repository"]}


def pull(number: int, sha: str = SHA, repo: str | None = "mallory/shop") -> dict[str, Any]:
    """An open pull request, as far as it is looked at."""
    source = None if repo is None else {"full_name": repo}
    return {"number": number, "head": {"sha": sha, "ref": BRANCH, "repo": source}}


def archive(entries: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return made.getvalue()


@dataclass
class Hub:
    """GitHub's API as far as it is asked here."""

    pulls: list[dict[str, Any]] = field(default_factory=lambda: [pull(7)])
    comments: list[dict[str, Any]] = field(default_factory=list)
    artifact: bytes = b""
    size: int = 1000
    asked: list[str] = field(default_factory=list)
    written: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: dict[str, str | None] = field(default_factory=dict)
    url: str = ""

    def get(self, path: str, query: dict[str, list[str]]) -> Any:
        if path == "/repos/acme/shop/pulls":
            assert query["head"] == [f"mallory:{BRANCH}"]
            assert query["state"] == ["open"]
            return self.pulls
        if path == "/repos/acme/shop/actions/runs/30433642/artifacts":
            known = {"id": 11, "name": "evalkit-record", "size_in_bytes": self.size}
            return {"artifacts": [{**known, "expired": False}] if self.artifact else []}
        if path == "/repos/acme/shop/issues/7/comments":
            at = 100 * (int(query["page"][0]) - 1)
            return self.comments[at : at + 100]
        raise AssertionError(path)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            hub.tokens[parts.path] = self.headers.get("Authorization")
            if parts.path == "/repos/acme/shop/actions/artifacts/11/zip":
                self.send_response(302)
                self.send_header("Location", f"{hub.url}/blob")
                self.end_headers()
            elif parts.path == "/blob":
                self.answer(hub.artifact)
            else:
                hub.asked.append(parts.path)
                self.answer(json.dumps(hub.get(parts.path, parse_qs(parts.query))).encode())

        def write(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            hub.written.append((self.command, self.path, body))
            self.answer(b"{}")

        do_POST = do_PATCH = write  # noqa: N815

        def answer(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


def posted(
    hub: Hub, folder: Path, given: dict[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the script of the action on an event."""
    path = folder / "event.json"
    path.write_text(json.dumps(event() if given is None else given))
    env = {
        **os.environ,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_API_URL": hub.url,
        "TOKEN": "not-a-token",
        "ARTIFACT": "evalkit-record",
        "no_proxy": "127.0.0.1",
    }
    command = [sys.executable, "-P", str(POST)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def good() -> bytes:
    failed = scenario_of("slow", verdict=Verdict.FAIL, reasons=("it is slow",))
    return to_json(record_of(failed, verdict=Verdict.FAIL)).encode()


def hostile() -> bytes:
    text = "<!-- evalkit --> <img src=x onerror=alert(1)> @acme/team [a](http://evil.example)\n# x"
    failed = scenario_of(text, verdict=Verdict.PASS, reasons=(text,) * 50)
    return to_json(record_of(failed, suite=text, path=text, reasons=(text,) * 50)).encode()


def test_the_comment_is_on_the_pull_request_of_the_commit(hub: Hub, tmp_path: Path) -> None:
    hub.artifact = archive({"shop-1/run.json": good()})
    hub.pulls = [pull(5, "0" * 40), pull(6, SHA, "other/shop"), pull(8, SHA, None), pull(7)]
    told = posted(hub, tmp_path)
    assert told.stdout == "commented on #7\n"
    ((method, path, body),) = hub.written
    assert (method, path) == ("POST", "/repos/acme/shop/issues/7/comments")
    assert body.startswith("<!-- evalkit -->\n## ✗ evalkit: 0 of 1 suite passed")
    assert f"For commit `{SHA}`." in body
    assert "slow" in body
    # Whoever keeps the archive does not get the token.
    assert hub.tokens["/repos/acme/shop/pulls"] == "Bearer not-a-token"
    assert hub.tokens["/blob"] is None


def test_there_is_one_comment_and_it_is_ours(hub: Hub, tmp_path: Path) -> None:
    hub.artifact = archive({"run.json": good()})
    theirs = {"id": 1, "user": {"login": "mallory"}, "body": "<!-- evalkit --> passed!"}
    gone = {"id": 2, "user": None, "body": None}
    ours = {"id": 3, "user": {"login": "github-actions[bot]"}, "body": "<!-- evalkit -->\nold"}
    hub.comments = [theirs, gone, *({**gone, "id": 100 + at} for at in range(120)), ours]
    posted(hub, tmp_path)
    assert [each[:2] for each in hub.written] == [("PATCH", "/repos/acme/shop/issues/comments/3")]


@pytest.mark.parametrize(
    ("artifact", "said"),
    [
        (archive({"../../run.json": hostile(), "../../../pwned": b"x"}), "the check did not pass"),
        (
            archive(
                {
                    "huge/run.json": b"0" * 9_000_000,
                    "deep/run.json": b'{"run": ' * 50_000,
                    "types/run.json": b'{"run": 7, "scenarios": {}}',
                }
            ),
            "0 of 3",
        ),
    ],
    ids=["markup", "huge, deep and of wrong types"],
)
def test_a_hostile_artifact_says_nothing_but_text(
    hub: Hub, tmp_path: Path, artifact: bytes, said: str
) -> None:
    hub.artifact = artifact
    told = posted(hub, tmp_path)
    assert told.stderr == ""
    ((_, _, body),) = hub.written
    assert said in body
    html, _ = parsed(body)
    assert set(html) <= {"<!-- evalkit -->\n", "<sub>", "</sub>"}
    assert "## ✗ evalkit" in body
    assert "The check ended as `failure`" in body
    assert [each.name for each in tmp_path.iterdir()] == ["event.json"]


def test_an_archive_that_is_too_large_is_not_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.artifact, hub.size = archive({"run.json": good()}), 10**10
    posted(hub, tmp_path)
    assert "/blob" not in hub.tokens
    ((_, _, body),) = hub.written
    assert "no ZIP archive" in body


@pytest.mark.parametrize(
    "given",
    [
        event(event="push"),
        event(head_repository=None),
        event(head_sha="1" * 40),
    ],
    ids=["push", "fork gone", "moved on"],
)
def test_where_there_is_no_such_pull_request_nothing_is_written(
    hub: Hub, tmp_path: Path, given: dict[str, Any]
) -> None:
    hub.artifact = archive({"run.json": good()})
    assert posted(hub, tmp_path, given).returncode == 0
    assert hub.written == []
