"""The environment that a suite gives its agent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.engine.hosts import urls
from evalkit.services.template import RenderError, TemplateError, compile_value
from evalkit.suite.hosts import AGENT_URL
from evalkit.suite.model import Suite

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables with their values, and what is wrong with others, by their names."""

    values: Mapping[str, str]
    wrong: Mapping[str, str]


def environment_of(suite: Suite) -> Environment:
    """The variables of a suite's agent, with the URLs of its services filled in."""
    known = {"services": urls(suite.services), "agent": {"url": AGENT_URL}}
    values, wrong = {}, {}
    for name, text in suite.agent.env.items():
        if not _VARIABLE.fullmatch(name) or "\0" in text:
            wrong[name] = "no environment variable can be set to this"
            continue
        try:
            values[name] = str(compile_value(text).render(known))
        except (TemplateError, RenderError) as error:
            wrong[name] = str(error)
    return Environment(values, wrong)
