"""What the model may ask for.

No tool takes an employee or the number of an account: whose records are read is settled by the
sign-in, and accounts are those that the employee wrote. A call that names one all the same is no
accident to be corrected, and ends the turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from anthropic.types import ToolParam
from pydantic import BaseModel, ConfigDict, Field


class Arguments(BaseModel):
    """Arguments of a tool: those declared and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class GetPayslip(Arguments):
    """The payslip of a month of the employee who asks: gross, net and a note."""

    period: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="Like 2025-12")


class GetLeave(Arguments):
    """The leave of this year of the employee who asks: entitled, taken, left."""


class ProposeBankChange(Arguments):
    """Note a new account for the employee's pay. Nothing changes until they confirm it."""

    account: str = Field(pattern=r"^account [1-9]$", description="As it stands in their message")


class OpenCase(Arguments):
    """Hand the matter to a person of HR, for what the other tools cannot settle."""

    subject: str = Field(min_length=3, max_length=200)


TOOLS: Mapping[str, type[Arguments]] = {
    "get_payslip": GetPayslip,
    "get_leave": GetLeave,
    "propose_bank_change": ProposeBankChange,
    "open_case": OpenCase,
}
BEYOND = frozenset({"employee", "employee_id", "name", "person", "iban"})


class Overreach(Exception):
    """The model asked for what is not its to name: another employee, an account of its own."""


def read(name: str, given: Any) -> Arguments:
    """The arguments of a call. Raises `ValueError` for the model to mend, and `Overreach`."""
    if isinstance(given, Mapping) and BEYOND & given.keys():
        raise Overreach(name)
    if name not in TOOLS:
        raise ValueError(f"there is no tool {name}; there are {', '.join(TOOLS)}")
    return TOOLS[name].model_validate(given)


@cache
def offered() -> tuple[ToolParam, ...]:
    """The tools as the API takes them."""
    return tuple(
        ToolParam(
            name=name,
            description=kind.__doc__ or "",
            input_schema={**kind.model_json_schema(), "type": "object"},
        )
        for name, kind in TOOLS.items()
    )
