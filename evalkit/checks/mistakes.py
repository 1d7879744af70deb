"""What can be known to be wrong with the checks of a suite before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from evalkit.checks.base import Check
from evalkit.checks.choosing import idle_removals
from evalkit.checks.making import class_of, make
from evalkit.checks.operations import operations_in
from evalkit.checks.registry import CHECKS, NAMES, SETS
from evalkit.errors import StartError
from evalkit.suite.checks import REMOVES, CheckUse
from evalkit.suite.loading import missing
from evalkit.suite.mistakes import Mistake, mistakes_of
from evalkit.suite.problems import closest


def check_mistakes(
    uses: Sequence[CheckUse],
    folder: Path,
    services: Collection[str],
    before: Sequence[CheckUse] = (),
) -> Iterator[Mistake]:
    """Every mistake in the entries of a `checks:`, with its place from there.

    `before` are the suite's entries, where these are a scenario's.
    """
    for at, use in enumerate(uses):
        for each in _of_entry(use, folder, services):
            yield replace(each, where=(at, *each.where))
    for place in idle_removals((*before, *uses)):
        at = place - len(before)
        if at >= 0 and _is_known(uses[at]):
            message = f"no entry before this brings {uses[at].name}, so there is nothing to remove"
            yield Mistake(where=(at,), message=message)


def own_names(uses: Sequence[CheckUse], folder: Path) -> Iterator[str]:
    """What the user's own checks among these entries call themselves."""
    for use in uses:
        if use.own and not use.removed and missing(use.name, folder) is None:
            try:
                with class_of(use.name, folder) as check:
                    yield check.name
            except StartError:
                continue  # `check_mistakes` tells


def _is_known(use: CheckUse) -> bool:
    return use.own or use.name in NAMES


def _of_entry(use: CheckUse, folder: Path, services: Collection[str]) -> Iterator[Mistake]:
    if use.own:
        yield from _of_own(use, folder, services)
    elif use.name in SETS:
        if use.settings is not None:
            message = f"{use.name} is a set of checks and has no settings; name the check itself"
            yield Mistake(where=(use.name,), message=message, at_key=True)
    elif use.name in CHECKS:
        yield from _of_settings(CHECKS[use.name], use, services)
    else:
        yield _unknown(use)


def _unknown(use: CheckUse) -> Mistake:
    near = closest(use.name, NAMES)
    return Mistake(
        where=() if use.settings is None else (use.name,),
        message=f"no check is named {use.name}",
        allowed=NAMES,
        suggestion=None if near is None else f"{REMOVES if use.removed else ''}{near}",
        at_key=use.settings is not None,
    )


def _of_own(use: CheckUse, folder: Path, services: Collection[str]) -> Iterator[Mistake]:
    if use.removed:
        return
    where, at_key = ((), False) if use.settings is None else ((use.name,), True)
    if (lack := missing(use.name, folder)) is not None:
        near = get_close_matches(lack.given or "", lack.allowed, n=1)
        yield Mistake(
            where=where,
            message=lack.message,
            allowed=lack.allowed,
            suggestion=near[0] if near else None,
            at_key=at_key,
        )
        return
    try:
        with class_of(use.name, folder) as check:
            yield from _of_settings(check, use, services)
    except StartError as error:
        hint = f"; {error.hint}" if error.hint else ""
        yield Mistake(where=where, message=f"{error}{hint}", at_key=at_key)


def _of_settings(check: type[Check], use: CheckUse, services: Collection[str]) -> Iterator[Mistake]:
    if use.removed:
        return
    if check.Settings is None:
        if use.settings is not None:
            yield Mistake(where=(use.name,), message=f"{use.name} has no settings", at_key=True)
        return
    if use.settings is None:
        if needed := check.needs():
            yield _bare(use.name, needed)
        return
    try:
        settings = make(check, use).settings
    except ValidationError as error:
        for each in mistakes_of(error, check.Settings, use.settings):
            yield replace(each, where=(use.name, *each.where))
        return
    for where, operation in operations_in(settings):
        if operation.service not in services:
            yield Mistake(
                where=(use.name, *where),
                message=f"no service is named {operation.service}",
                allowed=tuple(services),
                suggestion=closest(operation.service, services),
            )


def _bare(name: str, needed: Sequence[str]) -> Mistake:
    keys = ", ".join(f"{each}: …" for each in needed)
    return Mistake(where=(), message=f"{name} cannot do without settings: {{{name}: {{{keys}}}}}")
