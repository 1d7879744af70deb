"""What is written about the command line is true of it: in its own help, and in the documents."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.cli.app import COMMANDS, make_parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md"), *ROOT.glob("docs/**/*.md")})
NAMES = [each.name for each in COMMANDS]
_COMMAND = re.compile(r"(?:^|[\s`$(])evalkit ((?:[a-z]+)(?: [^`\n#|]*)?)", re.MULTILINE)


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of a command."""
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices[name]
    raise AssertionError("there are no commands")


def options_of(name: str) -> set[str]:
    return {option for each in parser_of(name)._actions for option in each.option_strings}


def written() -> Iterator[tuple[str, str]]:
    """Each command line in the documents, after the word evalkit, with its document."""
    for path in DOCUMENTS:
        for found in _COMMAND.finditer(path.read_text(encoding="utf-8")):
            if found[1].split()[0] in NAMES:
                yield path.name, found[1].strip()


def unknown_options(line: str) -> set[str]:
    """The options of a command line that its command does not have."""
    command, _, rest = line.partition(" ")
    given = set(re.findall(r"(?<!\S)\[?(--[a-z][a-z-]*)", rest))
    return given - options_of(command)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_in_the_help_with_what_it_does(name: str) -> None:
    line = rf"^    {name} +\S"
    assert re.search(line, make_parser().format_help(), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_explained(name: str) -> None:
    for action in parser_of(name)._actions:
        assert action.help, f"{name} {action.dest}"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.name)
def test_every_example_is_a_command_line_that_works(command: object) -> None:
    examples = getattr(command, "examples", "").splitlines()
    assert examples
    for line in examples:
        words = shlex.split(re.split(r"[|>]", line)[0])
        assert words[:2] == ["evalkit", getattr(command, "name", "")]
        assert make_parser().parse_args(words[1:]).action


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_a_terminal(name: str) -> None:
    texts = [make_parser().format_help(), parser_of(name).format_help()]
    assert max(len(line) for text in texts for line in text.splitlines()) <= 100


def test_options_that_documents_name_exist() -> None:
    wrong = [f"{name}: evalkit {line}" for name, line in written() if unknown_options(line)]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("run scenarios --twice", set()),
        ("run PATH… [--scenario GLOB] [--sessions ID]", {"--sessions"}),
        ("show latest --wrong --out x", {"--wrong"}),
    ],
)
def test_an_option_that_does_not_exist_is_found(line: str, unknown: set[str]) -> None:
    assert unknown_options(line) == unknown
