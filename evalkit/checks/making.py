"""Makes the checks that a suite names, its own classes among them."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evalkit.checks.base import Check
from evalkit.checks.choosing import chosen
from evalkit.checks.registry import CHECKS
from evalkit.checks.run import Crash
from evalkit.errors import StartError
from evalkit.suite.checks import CheckUse
from evalkit.suite.loading import loaded, place_of


@contextmanager
def made(
    uses: Iterable[CheckUse], folder: Path
) -> Iterator[tuple[tuple[Check, ...], tuple[Crash, ...]]]:
    """The checks that these entries come to, and the crashes of those that could not be made.

    The user's own are imported anew from `folder`, and what they imported from there is forgotten
    afterwards.
    """
    checks: list[Check] = []
    crashes: list[Crash] = []
    with ExitStack() as stack:
        for use in chosen(uses):
            try:
                checks.append(make(stack.enter_context(class_of(use.name, folder)), use))
            except Exception:
                crash = Crash(check=use.name, session=None, traceback=traceback.format_exc())
                crashes.append(crash)
        yield tuple(checks), tuple(crashes)


def make(check: type[Check], use: CheckUse) -> Check:
    """A check with its settings. Raises pydantic's `ValidationError` where they are wrong."""
    if check.Settings is None or use.settings is None:
        return check()
    return check(check.Settings.model_validate(use.settings))


@contextmanager
def class_of(name: str, folder: Path) -> Iterator[type[Check]]:
    """The class of this name. Raises `StartError` where there is none."""
    if ":" not in name:
        yield CHECKS[name]
        return
    with loaded(name, folder, "check") as found:
        yield _checked(found, name)


def _checked(found: object, target: str) -> type[Check]:
    """What a suite names as a check of its own, if it is one."""
    if not isinstance(found, type) or not issubclass(found, Check):
        what = "no class" if not isinstance(found, type) else "no check"
        raise StartError(
            f"{target} is {what} ({place_of(found)})",
            hint="allowed: a class that inherits from evalkit.checks.Check",
        )
    for attribute in ("name", "about"):
        if not isinstance(getattr(found, attribute, None), str) or not getattr(found, attribute):
            raise StartError(f"{target} does not say its `{attribute}` ({place_of(found)})")
    if found.name in CHECKS:
        raise StartError(
            f"{target} calls itself {found.name}, which is a check of evalkit's",
            hint="give it a name of its own",
        )
    return found
