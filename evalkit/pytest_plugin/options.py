"""The options of the plugin, on the command line and in the configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

PATTERN = "*.eval.yaml"


def add_options(parser: pytest.Parser) -> None:
    """Add them. Each has a twin in the configuration file, which the command line overrules."""
    group = parser.getgroup("evalkit", f"evalkit: tests of agents ({PATTERN})")
    group.addoption(
        "--evalkit-seed",
        metavar="S",
        type=int,
        help="what all that is drawn depends on (default: each suite's own seed)",
    )
    group.addoption(
        "--evalkit-workers",
        metavar="N",
        type=_positive,
        help="processes at a time per scenario (default: the cores, shared by xdist's workers)",
    )
    group.addoption(
        "--evalkit-reports",
        metavar="DIR",
        help="where the folder of each suite's run is made (default: reports)",
    )
    group.addoption(
        "--evalkit-no-control",
        action="store_true",
        default=None,
        help="do not run sessions of faulty scenarios without faults as well, to compare",
    )
    group.addoption(
        "--evalkit-no-report",
        action="store_true",
        default=None,
        help="write no HTML report, junit.xml and summary.md into the folders of runs",
    )
    group.addoption(
        "--evalkit-no-suites",
        action="store_true",
        default=None,
        help=f"do not collect {PATTERN} files",
    )
    parser.addini("evalkit_seed", "like --evalkit-seed", default=None)
    parser.addini("evalkit_workers", "like --evalkit-workers", default=None)
    parser.addini("evalkit_reports", "like --evalkit-reports", default="reports")
    parser.addini("evalkit_control", "false: like --evalkit-no-control", type="bool", default=True)
    parser.addini("evalkit_report", "false: like --evalkit-no-report", type="bool", default=True)
    parser.addini("evalkit_suites", "false: like --evalkit-no-suites", type="bool", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    seed: int | None
    workers: int | None
    reports: Path
    controls: bool
    writes: bool

    @classmethod
    def of(cls, config: pytest.Config) -> Options:
        """The options of this configuration. Raises `pytest.UsageError`."""
        reports = config.getoption("evalkit_reports") or config.getini("evalkit_reports")
        return cls(
            seed=_number(config, "evalkit_seed"),
            workers=_number(config, "evalkit_workers"),
            reports=config.invocation_params.dir / reports,
            controls=bool(
                not config.getoption("evalkit_no_control") and config.getini("evalkit_control")
            ),
            writes=bool(
                not config.getoption("evalkit_no_report") and config.getini("evalkit_report")
            ),
        )


def shown(path: Path) -> Path:
    """A path as somebody in the present folder would write it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def collects(config: pytest.Config) -> bool:
    """Whether suites are collected."""
    return not config.getoption("evalkit_no_suites") and bool(config.getini("evalkit_suites"))


def _number(config: pytest.Config, name: str) -> int | None:
    given = config.getoption(name)
    given = config.getini(name) if given is None else given
    if given in (None, ""):
        return None
    try:
        return int(given)
    except ValueError:
        raise pytest.UsageError(f"{name} is {given!r}, which is no whole number") from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
