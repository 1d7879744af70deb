"""Checks values against the schemas of a contract, and says exactly where one does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from math import isinf
from typing import TYPE_CHECKING, Any

from evalkit.services.openapi.discriminators import CHOICES, by_discriminator
from evalkit.services.openapi.formats import FORMATS
from evalkit.services.openapi.schemas import Form, Schemas
from evalkit.services.openapi.wording import message_of, missing_name

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Registry, Resource

_UNTOLD = (RecursionError, ArithmeticError, ValueError)
"""What a validator can raise of a value that is too deep or too large to be checked."""

MOST = 10
"""How many breaches of one value are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A value that does not fit its contract: where it is, what is wrong, and which part says so.

    `where` is like `body.items.0.amount`, `rule` like `paths./charges.post.requestBody…`.
    """

    where: str
    message: str
    rule: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} ({self.rule})"


class Checker:
    """Checks values against the forms of a contract's schemas. Validators are made when needed."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._validators: dict[str, Validator] = {}
        _validators()  # imported now: cells that are forked later have it already

    def fits(self, address: str, value: Any) -> bool:
        """Whether a value fits; what cannot be told does not."""
        try:
            return bool(self._validator(address).is_valid(value))
        except _UNTOLD:
            return False

    def fits_form(self, form: Form, value: Any) -> bool:
        """Whether a value fits a form that stands anywhere in the table."""
        try:
            return bool(self._make(form).is_valid(value))
        except _UNTOLD:
            return False

    def breaches(self, address: str, value: Any, where: str) -> list[Breach]:
        """What of a value does not fit, the first of it. `where` names the value itself."""
        from jsonschema.exceptions import best_match

        found: dict[Breach, None] = {}
        try:
            for error in self._validator(address).iter_errors(value):
                found.setdefault(self._breach(best_match([error]) or error, where))
                if len(found) >= MOST:
                    break
        except _UNTOLD as error:
            rule = self._rule(self._schemas.form(address))
            found.setdefault(Breach(where=where, message=f"cannot be checked: {error}", rule=rule))
        return list(found)

    def _validator(self, address: str) -> Validator:
        found = self._validators.get(address)
        if found is None:
            found = self._validators[address] = self._make({"$ref": address})
        return found

    def _make(self, form: Form) -> Validator:
        checker = _format_checker()
        return _validators()(form, registry=self._registry, format_checker=checker)

    @cached_property
    def _registry(self) -> Registry[Any]:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        def retrieve(address: str) -> Resource[Any]:
            return DRAFT202012.create_resource(self._schemas.form(address))

        return Registry(retrieve=retrieve)  # type: ignore[call-arg]

    def _breach(self, error: ValidationError, where: str) -> Breach:
        place = ".".join([where, *map(str, error.absolute_path), *missing_name(error)])
        schema = error.schema if isinstance(error.schema, dict) else {}
        rule = self._rule(schema)
        keyword = str(error.validator or "")
        if keyword in schema and keyword != "not":
            rule = f"{rule}.{keyword}"
        return Breach(where=place, message=message_of(error), rule=rule)

    def _rule(self, form: Any) -> str:
        node = self._schemas.place(form)
        if node is None:
            return "the contract"
        return node.place


@cache
def _validators() -> type[Validator]:
    """The validators of JSON Schema 2020-12, reckoning with decimals as they are written (19.99 is
    a multiple of 0.01), and going by discriminators.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

    def multiple_of(_: Any, step: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        del schema
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if (number and isinf(value)) or (number and Fraction(str(value)) % Fraction(str(step))):
            yield ValidationError(f"{value} is not a multiple of {step}")

    usual = Draft202012Validator.VALIDATORS
    own = {"multipleOf": multiple_of, **{name: by_discriminator(usual[name]) for name in CHOICES}}
    made: type[Validator] = extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]
    return made


@cache
def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, each in FORMATS.items():
        checker.checks(name)(_only_of(each.kind, each.holds))
    return checker


def _only_of(kind: type, holds: Any) -> Any:
    """A format says nothing about values of another type."""

    def check(value: object) -> bool:
        of_kind = isinstance(value, kind) and not isinstance(value, bool)
        return not of_kind or bool(holds(value))

    return check
