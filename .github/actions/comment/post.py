"""Keeps one comment on the pull request whose workflow has ended, from an event `workflow_run`.

The run may have been of a fork. Its artifact is handed to `evalkit comment` as it came; the pull
request is the open one whose head is the very commit that was tested, in the repository that the
event names, and nothing in the artifact has a say in that.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

MARKER = "<!-- evalkit -->"
AUTHOR = "github-actions[bot]"
LARGEST = 64_000_000
SECONDS = 60
MOST_PAGES = 30


def main() -> int:
    """Comment, if there is a pull request to comment on."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())["workflow_run"]
    if event["event"] != "pull_request":
        print("not of a pull request: there is nothing to comment on")
        return 0
    number = pull_request(event)
    if number is None:
        print("no open pull request has this commit as its head any more")
        return 0
    post(number, body_for(event))
    print(f"commented on #{number}")
    return 0


def pull_request(event: dict[str, Any]) -> int | None:
    """The open pull request whose head is the commit that was tested."""
    source = event["head_repository"]
    if source is None:  # the fork is gone
        return None
    head = f"{source['owner']['login']}:{event['head_branch']}"
    query = urlencode({"state": "open", "head": head, "per_page": 100})
    for each in get(f"/repos/{repository()}/pulls?{query}"):
        repo = each["head"]["repo"]
        same = repo is not None and repo["full_name"] == source["full_name"]
        if same and each["head"]["sha"] == event["head_sha"]:
            return int(each["number"])
    return None


def body_for(event: dict[str, Any]) -> str:
    """The comment, made anew from the records in the artifact."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "records.zip")
        archive.write_bytes(artifact(int(event["id"])))
        commit = ["--commit", sha(event["head_sha"])]
        ended = ["--conclusion", str(event["conclusion"])]
        command = [sys.executable, "-P", "-m", "evalkit", "comment", *commit, *ended]
        told = subprocess.run([*command, str(archive)], capture_output=True, check=True)
    body = told.stdout.decode("utf-8")
    if not body.startswith(MARKER):
        raise ValueError("this is not the comment of evalkit")
    return body


def artifact(run: int) -> bytes:
    """The bytes of the artifact of a workflow's run; none where it has none that can be read."""
    query = urlencode({"name": os.environ["ARTIFACT"], "per_page": 100})
    found = get(f"/repos/{repository()}/actions/runs/{run}/artifacts?{query}")["artifacts"]
    fit = [each for each in found if not each["expired"] and each["size_in_bytes"] <= LARGEST]
    if not fit:
        return b""
    newest = max(int(each["id"]) for each in fit)
    data = call("GET", f"/repos/{repository()}/actions/artifacts/{newest}/zip")
    return data if len(data) <= LARGEST else b""


def post(number: int, body: str) -> None:
    """Put the comment in the place of the one before it, or at the end."""
    mine = comment_on(number)
    if mine is None:
        call("POST", f"/repos/{repository()}/issues/{number}/comments", {"body": body})
    else:
        call("PATCH", f"/repos/{repository()}/issues/comments/{mine}", {"body": body})


def comment_on(number: int) -> int | None:
    """The comment that is ours: somebody else may have written one that begins like it."""
    for page in range(1, MOST_PAGES + 1):
        query = urlencode({"per_page": 100, "page": page})
        comments = get(f"/repos/{repository()}/issues/{number}/comments?{query}")
        for each in comments:
            author = each["user"] or {}
            if author.get("login") == AUTHOR and (each["body"] or "").startswith(MARKER):
                return int(each["id"])
        if len(comments) < 100:
            break
    return None


def get(path: str) -> Any:
    """What GitHub's API has at a path."""
    return json.loads(call("GET", path))


def call(method: str, path: str, data: object = None) -> bytes:
    """What GitHub's API answers, cut off above the largest that is taken."""
    url = os.environ.get("GITHUB_API_URL", "https://api.github.com") + path
    body = None if data is None else json.dumps(data).encode()
    request = Request(url, data=body, method=method)
    request.add_header("Accept", "application/vnd.github+json")
    request.add_header("X-GitHub-Api-Version", "2022-11-28")
    # Archives are kept elsewhere: the token is not for those who keep them.
    request.add_unredirected_header("Authorization", f"Bearer {os.environ['TOKEN']}")
    with urlopen(request, timeout=SECONDS) as reply:
        return bytes(reply.read(LARGEST + 1))


def repository() -> str:
    """The repository that this runs in, as a part of a path."""
    return quote(os.environ["GITHUB_REPOSITORY"])


def sha(text: str) -> str:
    """The text, if it is the name of a commit."""
    if not re.fullmatch(r"[0-9a-f]{40,64}", text):
        raise ValueError("the event names no commit")
    return text


if __name__ == "__main__":
    sys.exit(main())
