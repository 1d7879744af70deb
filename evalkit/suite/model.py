"""The typed model of a suite file. Its fields are the YAML; the JSON Schema is made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic import GetJsonSchemaHandler as Handler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from evalkit.faults import PRESETS, AnyFault, When
from evalkit.journal.records import Answer
from evalkit.suite.agent import Agent, ReplyMapping, RequestTemplate
from evalkit.suite.checks import STANDARD, AnyCheck
from evalkit.suite.expect import (
    AllowedFindings,
    CallBounds,
    EffectExpectation,
    Expect,
    ReplyExpectation,
)
from evalkit.suite.hosts import Host
from evalkit.suite.outside import Correlate, spelled_out
from evalkit.suite.parts import (
    NAME,
    SUITE_NAME,
    Count,
    Flag,
    JsonPath,
    OneOrMany,
    Part,
    Regex,
    Scope,
    mistake,
)
from evalkit.suite.profiles import LoadProfile
from evalkit.suite.quarantine import Quarantine
from evalkit.suite.sessions import PlannedCall, SessionRecord, Sessions, SessionsOverride, Turn
from evalkit.units import Duration

__all__ = [
    "Agent",
    "AllowedFindings",
    "CallBounds",
    "EffectExpectation",
    "Expect",
    "FaultRule",
    "LoadProfile",
    "Part",
    "PlannedCall",
    "Quarantine",
    "ReplyExpectation",
    "ReplyMapping",
    "RequestTemplate",
    "Scenario",
    "ServiceOverride",
    "ServiceUse",
    "SessionRecord",
    "Sessions",
    "SessionsOverride",
    "Suite",
    "Turn",
]

STARTS_AT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)
EARLIEST, LATEST = 1971, 2200


def _gate(value: Any) -> Any:
    """Tell a gate that YAML split from one that is merely wrong."""
    if isinstance(value, Mapping):
        raise mistake("YAML read this gate as a mapping; put it in quotes")
    if isinstance(value, str) and value.count("(") > value.count(")"):
        raise ValueError(
            f'the gate ends at "{value}" without its closing parenthesis; if it goes on in the '
            'file, YAML cut it there (at a comma, " #" or ": "): put it in quotes'
        )
    return value


def _moment(value: str) -> str:
    """An ISO 8601 time with its zone, kept as it was written."""
    if re.fullmatch(STARTS_AT, value):
        try:
            if EARLIEST <= datetime.fromisoformat(value).year <= LATEST:
                return value
        except ValueError:
            pass
    raise ValueError(
        f'"{value}" is no moment from {EARLIEST} to {LATEST} with its time zone; '
        "allowed: one like 2026-01-05T09:00:00Z"
    )


Name: TypeAlias = Annotated[str, Field(pattern=NAME)]
Gate: TypeAlias = Annotated[str, BeforeValidator(_gate)]
Mode: TypeAlias = Literal["simulate", "live"]
Runs: TypeAlias = Literal["simulate", "live", "both"]


class _OrPath:
    """Adds the JSONPath alone to the JSON Schema."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Handler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(core)]}


class ScriptUse(Part):
    """The script of one of the agents behind a model, and what its requests are told by."""

    use: str = Field(description="Path of the script, or `auto`")
    model: str | None = Field(None, description="Glob over the model asked for")
    system: Regex | None = Field(None, description="Found in the system text")
    header: Mapping[str, Regex] = Field({}, description="Found in a header of the request")


class ServiceUse(Part):
    """One integration of the agent: the mock that serves it and what is required of its use."""

    use: str = Field(description="Path of the service's definition, beside the suite file")
    script: str | None = Field(
        None, description="Path of a model's script, or `auto` for a model that needs none"
    )
    scripts: tuple[ScriptUse, ...] = Field(
        (), description="Scripts of the several agents of one system: the first that fits answers"
    )
    document: str | None = Field(
        None, description="Path of a contract, instead of the one that the definition names"
    )
    hosts: tuple[Host, ...] | None = Field(
        None, description="Origins that it answers, instead of those of its definition"
    )
    price: str | None = Field(
        None, description="Model whose price applies, instead of the one that replied"
    )
    budget: Duration | None = Field(
        None, description="How long the agent may wait for a logical call, retries included"
    )
    attempts: Count | None = Field(None, description="Attempts allowed")
    on_failure: OneOrMany[Answer] = Field(
        (), description="The answer required when it fails, or several of which one is"
    )
    on_timeout: OneOrMany[Answer] = Field(
        (), description="The answer required when it is too slow, or several of which one is"
    )
    optional: Flag = Field(False, description="Whether the agent may do without calling it")
    scopes: OneOrMany[Scope] | None = Field(
        None, description="The scopes that the agent is granted there; it may use no other"
    )
    ignore: tuple[JsonPath, ...] = Field((), description="JSONPaths left out of a call's identity")
    correlate: Annotated[Correlate | None, BeforeValidator(spelled_out), _OrPath()] = Field(
        None, description="Live: where a request names its session, if nothing else tells"
    )

    @model_validator(mode="after")
    def _one_kind_of_script(self) -> ServiceUse:
        if self.script is not None and self.scripts:
            raise ValueError("a service has one `script`, or several `scripts`, not both")
        return self


class ServiceOverride(Part):
    """What a scenario changes of a service: the agent meets another version of it."""

    use: str | None = Field(None, description="Path of another definition of the service")
    script: str | None = Field(None, description="Path of another script of the model")
    document: str | None = Field(None, description="Path of another contract: version drift")


def _spelled_out(value: Any) -> Any:
    """The rule that `SERVICE/PRESET` stands for."""
    if not isinstance(value, str):
        return value
    service, slash, name = value.rpartition("/")
    if not slash or not service.strip() or name not in PRESETS:
        near = get_close_matches(name, PRESETS, n=1)
        meant = f"; did you mean {service}/{near[0]}?" if near and service else ""
        raise mistake(
            f"{value} is no fault rule: write `at:` and `inject:`, or SERVICE/PRESET, where a "
            f"preset is one of {', '.join(PRESETS)}{meant}"
        )
    return PRESETS[name].rule(service.strip())


class _OrPreset:
    """Adds the name of a preset to the JSON Schema of a rule."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Handler) -> JsonSchemaValue:
        pattern = f"^[^/]+/({'|'.join(PRESETS)})$"
        text = {"type": "string", "pattern": pattern, "description": "A preset of a service"}
        return {"anyOf": [handler(core), text]}


class FaultRule(Part):
    """Where, when and what to inject."""

    at: str = Field(min_length=1, description="service, or service OPERATION-GLOB, or agent")
    when: When = When()
    inject: OneOrMany[AnyFault] = Field((), description="One fault, or a list applied in order")

    @property
    def injected(self) -> tuple[AnyFault, ...]:
        """The faults, in the order in which they apply."""
        return self.inject


class Scenario(Part):
    """One situation: the faults injected and what is expected under them."""

    faults: tuple[Annotated[FaultRule, BeforeValidator(_spelled_out), _OrPreset()], ...] = ()
    expect: Expect = Expect()
    gates: tuple[Gate, ...] = ()
    checks: tuple[AnyCheck, ...] = Field((), description="Added to those of the suite")
    sessions: SessionsOverride = SessionsOverride()
    services: Mapping[Name, ServiceOverride] = Field(
        {}, description="What is another version of itself in this scenario"
    )
    blocking: Flag = True
    quarantine: Quarantine | None = Field(
        None, description="Keeps it from blocking until a day, for a reason that somebody owns"
    )
    tags: tuple[str, ...] = ()
    description: str | None = None
    runs: Runs = Field("both", description="In which mode it runs; else it is left out")

    @property
    def sound(self) -> bool:
        """Whether all is as the suite says: nothing is injected, and no service is another."""
        return not self.faults and not self.services


class Suite(Part):
    """One suite file."""

    suite: Annotated[str, Field(pattern=SUITE_NAME)]
    description: str | None = None
    agent: Agent
    services: Mapping[Name, ServiceUse] = {}
    prices: str | None = Field(
        None, description="Path of a price file, whose prices go before those of genai-prices"
    )
    sessions: Sessions
    starts_at: Annotated[str, AfterValidator(_moment)] = Field(
        "2026-01-05T09:00:00Z",
        description="The world's clock at its start",
        json_schema_extra={"pattern": STARTS_AT},
    )
    sensitive: tuple[str, ...] = Field((), description="Session variables masked in what is stored")
    checks: tuple[AnyCheck, ...] = Field(STANDARD, json_schema_extra={"default": ["standard"]})
    gates: tuple[Gate, ...] = ()
    scenarios: Annotated[Mapping[Name, Scenario], Field(min_length=1)]
    load: Mapping[Name, LoadProfile] = Field(
        {}, description="Profiles of load tests: how many users there are at a time"
    )
    mode: Mode | None = Field(
        None, description="How it runs unless told otherwise; live for agents that run live only"
    )

    @model_validator(mode="after")
    def _profiles_meet_scenarios(self) -> Suite:
        for name, each in self.load.items():
            if each.scenario is not None and each.scenario not in self.scenarios:
                there = ", ".join(self.scenarios)
                near = get_close_matches(each.scenario, self.scenarios, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                message = f"no scenario is named {each.scenario}; there are: {there}{meant}"
                raise mistake(message, "load", name, "scenario")
        return self

    @property
    def runs_live(self) -> bool:
        """Whether it runs live unless told otherwise."""
        return self.mode == "live" or (self.mode is None and self.agent.outside)

    def services_in(self, scenario: Scenario) -> Mapping[str, ServiceUse]:
        """The services as a scenario uses them."""
        found = dict(self.services)
        for name, override in scenario.services.items():
            if name in found:
                changes = override.model_dump(exclude_none=True)
                changes |= {"scripts": ()} if override.script is not None else {}
                found[name] = found[name].model_copy(update=changes)
        return found
