"""Workflows and templates: they are what the platforms read, and nobody gets more from them than
they must give. What cannot be checked here is skipped, and printed as unverified.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

GITHUB = Path(__file__).parents[2] / ".github"
TEMPLATES = GITHUB / "ci-templates"
ACTIONS = sorted(GITHUB.glob("actions/*/action.yml"))
WORKFLOWS = sorted([*GITHUB.glob("workflows/*.yml"), *TEMPLATES.glob("github/*.yml")])
SCRIPTS = sorted(GITHUB.glob("actions/*/*.sh"))
JENKINS = sorted(TEMPLATES.glob("jenkins/*"))
FILES = [
    *(("github-workflows", each) for each in WORKFLOWS),
    *(("github-actions", each) for each in ACTIONS),
    *(("gitlab-ci", each) for each in TEMPLATES.glob("gitlab/*.yml")),
    *(("azure-pipelines", each) for each in TEMPLATES.glob("azure/*.yml")),
]
PINNED = r"[\w.-]+/[\w./-]+@[0-9a-f]{40}"
OURS = r"OWNER/evalkit/\.github/actions/(gate|comment)@COMMIT|\./\.github/actions/(gate|comment)"


class _Core(yaml.SafeLoader):
    """YAML 1.2, as the platforms read it: `on` is a word."""


_BOOL = "tag:yaml.org,2002:bool"
_Core.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Core.add_implicit_resolver(_BOOL, re.compile("^(?:true|false)$"), list("tf"))


def read(path: Path) -> dict[str, Any]:
    found = yaml.load(path.read_text(encoding="utf-8"), _Core)
    assert isinstance(found, dict)
    return found


def named(path: Path) -> str:
    return path.relative_to(GITHUB).as_posix()


def unverified(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"unverified: {tool} is not installed")


def test_there_is_something_to_check() -> None:
    platforms = {each.parent.name for each in TEMPLATES.glob("*/*")}
    assert platforms == {"azure", "github", "gitlab", "jenkins"}
    for platform in platforms:  # a gate, a nightly run and a weekly one for each
        paths = list(TEMPLATES.glob(f"{platform}/*"))
        told = " ".join(f"{each.name} {each.read_text(encoding='utf-8')}" for each in paths)
        assert all(each in told for each in ("nightly", "chaos", "--twice")), platform
        assert any(each in told for each in ("--base", "actions/gate")), platform
    assert {each.parent.name for each in ACTIONS} == {"gate", "comment"}
    assert {each.stem for each in GITHUB.glob("workflows/*")} == {"test", "nightly", "comment"}


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda each: getattr(each, "name", each))
def test_it_fits_the_schema_of_its_platform(kind: str, path: Path) -> None:
    vendored = files("check_jsonschema.builtin_schemas.vendor") / f"{kind}.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))
    errors = validator_for(schema)(schema).iter_errors(read(path))
    assert [each.message for each in errors] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_a_workflow_gives_no_more_than_it_must(path: Path) -> None:
    workflow = read(path)
    events = workflow["on"]
    assert "pull_request_target" not in events
    granted = [workflow["permissions"]]
    granted += [each["permissions"] for each in workflow["jobs"].values() if "permissions" in each]
    writes = {name for each in granted for name, how in each.items() if how != "read"}
    assert writes == ({"pull-requests"} if "workflow_run" in events else set())
    assert all("timeout-minutes" in each for each in workflow["jobs"].values())
    assert "secrets." not in path.read_text(encoding="utf-8")


def steps_of(path: Path) -> list[dict[str, Any]]:
    content = read(path)
    jobs = content.get("jobs", {"": content.get("runs")}).values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=named)
def test_actions_are_pinned_and_no_script_is_made_of_an_event(path: Path) -> None:
    for step in steps_of(path):
        assert "${{" not in step.get("run", "")
        if (uses := step.get("uses")) is not None:
            assert re.fullmatch(f"{PINNED}|{OURS}", uses)
            if uses.startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
                ref = step["with"].get("ref", "")
                assert "head" not in ref


@pytest.mark.parametrize(
    "path", [each for each in WORKFLOWS if "workflow_run" in read(each)["on"]], ids=named
)
def test_what_may_write_runs_nothing_of_a_pull_request(path: Path) -> None:
    (job,) = read(path)["jobs"].values()
    checkouts = [each["with"]["ref"] for each in job["steps"] if "checkout" in each["uses"]]
    assert set(checkouts) <= {"${{ github.event.repository.default_branch }}"}
    others = [each["uses"] for each in job["steps"] if "checkout" not in each["uses"]]
    assert all("actions/comment" in each for each in others)
    assert not any("download" in each for each in others)
    name = read(
        path.with_name("test.yml" if path.parent.name == "workflows" else "evalkit-gate.yml")
    )
    assert read(path)["on"]["workflow_run"]["workflows"] == [name["name"]]


@pytest.mark.parametrize(
    "path", [GITHUB / "workflows/test.yml", TEMPLATES / "github/evalkit-gate.yml"]
)
def test_a_gate_runs_in_merge_queues_too(path: Path) -> None:
    assert {"push", "pull_request", "merge_group"} <= set(read(path)["on"])


@pytest.mark.parametrize(
    ("code", "ends"), [("0", 0), ("1", 1), ("3", 3), ("130", 130), ("", 1), ("00", 1), ("x 0", 1)]
)
def test_the_last_step_passes_on_nothing_but_a_pass(code: str, ends: int) -> None:
    step = read(GITHUB / "actions/gate/action.yml")["runs"]["steps"][-1]
    assert step["if"] == "always()"
    told = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]],
        env={"CODE": code},
        capture_output=True,
        check=False,
    )
    assert told.returncode == ends


def test_pictures_of_pages_are_kept_whatever_came_of_the_tests() -> None:
    *_, last = read(GITHUB / "workflows/test.yml")["jobs"]["tests"]["steps"]
    assert (last["if"], last["with"]["path"]) == ("always()", "tests/output/*.p*")


@pytest.mark.parametrize(
    ("results", "ends"), [("success success", 0), ("success skipped", 1), ("failure success", 1)]
)
def test_the_required_check_of_this_repository_takes_no_skipped_job(
    results: str, ends: int
) -> None:
    job = read(GITHUB / "workflows/test.yml")["jobs"]["gate"]
    assert job["if"] == "always()"
    assert len(job["needs"]) == 2
    command = ["bash", "-e", "-c", job["steps"][0]["run"]]
    told = subprocess.run(command, env={"RESULTS": results}, capture_output=True, check=False)
    assert told.returncode == ends


def scripts() -> list[tuple[str, str]]:
    """Every shell script in the files, with where it stands."""
    found = [(named(each), each.read_text(encoding="utf-8")) for each in SCRIPTS]
    for path in (*WORKFLOWS, *ACTIONS):
        found += [(named(path), each["run"]) for each in steps_of(path) if "run" in each]
    for path in TEMPLATES.glob("gitlab/*.yml"):
        for job in read(path).values():
            found += [(named(path), each) for each in (*job.get("script", ()),)]
    for path in TEMPLATES.glob("azure/*.yml"):
        (job,) = read(path)["jobs"]
        found += [(named(path), each["script"]) for each in job["steps"] if "script" in each]
    for path in JENKINS:
        text = path.read_text(encoding="utf-8")
        found += [(named(path), each) for each in re.findall("'''(.*?)'''", text, re.DOTALL)]
    return found


@pytest.mark.parametrize(("where", "script"), scripts(), ids=lambda each: each.splitlines()[0][:40])
def test_a_script_is_one_to_bash(where: str, script: str) -> None:
    told = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert told.stderr == "", where


def test_scripts_are_sound_to_shellcheck() -> None:
    unverified("shellcheck")
    told = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True, check=False)
    assert told.stdout == ""


def test_workflows_are_sound_to_actionlint() -> None:
    unverified("actionlint")
    told = subprocess.run(["actionlint", *WORKFLOWS], capture_output=True, text=True, check=False)
    assert told.stdout == ""


@pytest.mark.parametrize("path", JENKINS, ids=named)
def test_a_jenkinsfile_shows_its_results_and_lets_the_exit_code_decide(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    assert "junit testResults: 'reports/*/junit.xml'" in text
    assert "returnStatus" not in text
    assert "catchError" not in text


def test_jenkinsfiles_are_sound_to_jenkins() -> None:
    pytest.skip("unverified: Jenkins itself is the only linter of a Jenkinsfile")


@pytest.mark.parametrize("path", [*TEMPLATES.glob("*/*")], ids=named)
def test_a_template_names_options_that_there_are(path: Path) -> None:
    from evalkit.cli.app import make_parser

    run = next(each for each in make_parser()._actions if each.dest == "COMMAND" or each.choices)
    assert run.choices is not None
    known = set(run.choices["run"]._option_string_actions)
    text = path.read_text(encoding="utf-8")
    lines = re.findall(r"evalkit run .*|^ +--.*", text, re.MULTILINE)
    given = {each for line in lines for each in re.findall(r"(?<![\w-])--[a-z-]+", line)}
    assert given <= known
