"""Fault rules and plans for services, as a suite writes them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from evalkit.errors import UsageError
from evalkit.strategies.injections import CONNECT, table_of
from evalkit.testing.definitions import Definition
from evalkit.testing.setting import read_setting

Rule: TypeAlias = dict[str, Any]
Services: TypeAlias = Mapping[str, Definition] | Iterable[str]
"""Services as `evalkit.testing.world` takes them, or the names of REST services."""

_OF_CALLS: SearchStrategy[Rule] = st.one_of(
    st.just({"attempt": 1}),
    st.integers(1, 4).map(lambda each: {"call": each}),
    st.integers(1, 4).map(lambda each: {"first": each}),
    st.integers(1, 99).map(lambda each: {"share": f"{each}%"}),
    st.integers(1, 99).map(lambda each: {"share": f"{each}%", "per": "attempt"}),
)
_OF_CONNECTIONS: SearchStrategy[Rule] = st.one_of(
    st.integers(1, 4).map(lambda each: {"first": each}),
    st.integers(1, 99).map(lambda each: {"share": f"{each}%"}),
)


def fault_rules(
    services: Services | None = None,
    *,
    suite: str | os.PathLike[str] | None = None,
    only: Collection[str] = (),
    without: Collection[str] = (),
) -> SearchStrategy[Rule]:
    """One fault rule for one of these services, or of those of a suite.

    `only` names the faults to draw from, `without` those to leave out. Raises `UsageError` where
    that leaves none.
    """
    kinds = _kinds(services, suite)
    rules = [
        each
        for service, kind in kinds.items()
        for each in _rules_of(service, kind, frozenset(only), frozenset(without))
    ]
    if not rules:
        known = sorted({name for kind in kinds.values() for name in table_of(kind)})
        raise UsageError("no fault is left to draw from", hint=f"there are: {', '.join(known)}")
    return st.one_of(*rules)


def fault_plans(
    services: Services | None = None,
    *,
    suite: str | os.PathLike[str] | None = None,
    only: Collection[str] = (),
    without: Collection[str] = (),
    min_size: int = 0,
    max_size: int = 3,
) -> SearchStrategy[list[Rule]]:
    """Some fault rules together: what `evalkit.testing.world` takes as `faults`."""
    rule = fault_rules(services, suite=suite, only=only, without=without)
    return st.lists(rule, min_size=min_size, max_size=max_size)


def _rules_of(
    service: str, kind: str, only: frozenset[str], without: frozenset[str]
) -> Iterable[SearchStrategy[Rule]]:
    for name, injection in table_of(kind).items():
        if name in without or (only and name not in only):
            continue
        when = _OF_CONNECTIONS if name in CONNECT else _OF_CALLS
        rule = {"at": st.just(service), "inject": injection}
        yield st.fixed_dictionaries(rule, optional={"when": when})


def _kinds(services: Services | None, suite: str | os.PathLike[str] | None) -> dict[str, str]:
    """The kinds of the services by name."""
    if services is not None and not isinstance(services, Mapping):
        names = [services] if isinstance(services, str) else list(services)
        return dict.fromkeys(names, "rest")
    setting = read_setting(services=services, suite=suite)
    if not setting.templates:
        raise UsageError("faults of which services?", hint="give `services` or a `suite`")
    return {name: each.info.kind for name, each in setting.templates.items()}
