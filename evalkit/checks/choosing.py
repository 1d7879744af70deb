"""Which checks the entries of a suite come to.

Entries count in their order. A set brings what is not there yet. A name with settings takes the
place of the same check as a set or a name alone brought it, and stands beside the same check with
other settings. `-name` takes out what was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalkit.checks.registry import CHECKS, SETS
from evalkit.suite.checks import CheckUse


def chosen(uses: Iterable[CheckUse]) -> tuple[CheckUse, ...]:
    """What is to be looked for: no sets and nothing that is left out. In the order of the table,
    with classes of the user's at the end.
    """
    found: list[CheckUse] = []
    for use in uses:
        if use.removed:
            found = [each for each in found if each.name not in _members(use)]
        elif use.settings is None:
            found += [CheckUse(name) for name in _members(use) if not _there(found, name)]
        elif use not in found:
            plain = CheckUse(use.name)
            found = [*(each for each in found if each != plain), use]
    order = list(CHECKS)
    return tuple(
        sorted(
            found, key=lambda each: order.index(each.name) if each.name in CHECKS else len(order)
        )
    )


def idle_removals(uses: Sequence[CheckUse]) -> tuple[int, ...]:
    """The entries, by their place, that leave out what no entry before them brings."""
    return tuple(
        at
        for at, use in enumerate(uses)
        if use.removed and not any(each.name in _members(use) for each in chosen(uses[:at]))
    )


def _members(use: CheckUse) -> tuple[str, ...]:
    return SETS.get(use.name, (use.name,))


def _there(found: Iterable[CheckUse], name: str) -> bool:
    return any(each.name == name for each in found)
