"""What is found to be wrong with a suite while it is planned: all of it, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalkit.faults import Rule
from evalkit.suite import Loaded, Problem
from evalkit.suite.model import Scenario, Suite


class Mistakes:
    """The problems of one suite, in the order in which they were found."""

    def __init__(self, loaded: Loaded[Suite]) -> None:
        self.loaded = loaded
        self.suite = loaded.value
        self.folder = loaded.path.parent
        self.problems: list[Problem] = []
        self._told: set[tuple[str | int, ...]] = set()

    def add(
        self,
        where: tuple[str | int, ...],
        message: str,
        *,
        allowed: Sequence[str] = (),
        given: str | None = None,
    ) -> None:
        """Something is wrong at this place of the suite."""
        self.problems.append(
            self.loaded.problem(where, message, allowed=tuple(allowed), given=given)
        )

    def add_once(self, where: tuple[str | int, ...], message: str) -> None:
        """Something is wrong at this place, of which the first mistake tells enough."""
        if where not in self._told:
            self._told.add(where)
            self.add(where, message)

    def take(self, problems: Iterable[Problem]) -> None:
        """Problems that others have found."""
        self.problems += problems

    def unknown_service(self, where: tuple[str | int, ...], given: str) -> None:
        """A service is named that there is not."""
        self.add(
            where, f"no service is named {given}", allowed=tuple(self.suite.services), given=given
        )


def rules_of(scenario: Scenario) -> tuple[Rule, ...]:
    """The fault rules of a scenario, in order."""
    return tuple(
        Rule.parse(index, each.at, each.when, each.injected)
        for index, each in enumerate(scenario.faults)
    )
