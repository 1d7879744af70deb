"""What an agent does where, and with which scopes: as it was used, and as people accepted it.

The reviewed list is a file beside the suite, sorted, so that what changed shows in its diff:

    crm:
      GET /customers/{id}: []
      PATCH /customers/{id}: [customers:write]
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.errors import UsageError
from evalkit.journal.records import CONNECT, AnyRecord, CallEnded, CallStarted

Privileges: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""The scopes used, by service and operation. All sorted."""

_SUITE = ".eval.yaml"
_LIST = ".privileges.yaml"
_HEAD = """\
# What the agent of {suite} calls, and the scopes that it needs there. Reviewed by people:
# `least-privilege` accuses what is not in this list, `evalkit privileges accept` writes it anew.
"""
_BARE = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./{}-]|:(?=[A-Za-z])| (?=[A-Za-z/]))*")
_BARE_IN_LIST = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./-]|:(?=[A-Za-z]))*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_UNPRINTABLE = re.compile(
    r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Privilege:
    """One operation of a service with the scopes it is used with."""

    service: str
    operation: str
    scopes: tuple[str, ...]

    def __str__(self) -> str:
        scopes = f" [{', '.join(self.scopes)}]" if self.scopes else ""
        return f"{self.service} {self.operation}{scopes}"


def list_of(suite: Path) -> Path:
    """The file with the reviewed list of a suite."""
    name = suite.name.removesuffix(_SUITE).removesuffix(".yaml")
    return suite.with_name(f"{name}{_LIST}")


def used(records: Iterable[AnyRecord]) -> Privileges:
    """What the calls of a journal come to.

    What never became a request, and what the service does not have, is no privilege.
    """
    begun: dict[tuple[str | None, int], CallStarted] = {}
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in records:
        if isinstance(each, CallStarted):
            begun[each.session, each.call] = each
        elif isinstance(each, CallEnded) and each.complaint is None:
            call = begun.pop((each.session, each.call), None)
            if call is not None and call.operation != CONNECT:
                found[call.service][call.operation] |= set(each.scopes_used)
    return _sorted(found)


def together(several: Iterable[Privileges]) -> Privileges:
    """All that is in any of them."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for privileges in several:
        for each in each_of(privileges):
            found[each.service][each.operation] |= set(each.scopes)
    return _sorted(found)


def each_of(privileges: Privileges) -> Iterator[Privilege]:
    """One by one, in order."""
    for service, operations in privileges.items():
        for operation, scopes in operations.items():
            yield Privilege(service, operation, scopes)


def beyond(privileges: Privileges, accepted: Privileges) -> tuple[Privilege, ...]:
    """What is not among those accepted: operations, and scopes of those that are."""
    return tuple(each for each in each_of(privileges) if not covers(accepted, each))


def covers(accepted: Privileges, privilege: Privilege) -> bool:
    """Whether a privilege is among those accepted."""
    scopes = accepted.get(privilege.service, {}).get(privilege.operation)
    return scopes is not None and set(privilege.scopes) <= set(scopes)


def written(privileges: Privileges, suite: str) -> str:
    """The list as it stands in its file."""
    lines = [_HEAD.format(suite=suite)]
    for service, operations in privileges.items():
        lines.append(f"{_scalar(service)}:\n")
        for operation, scopes in operations.items():
            listed = ", ".join(_scalar(each, bare=_BARE_IN_LIST) for each in scopes)
            lines.append(f"  {_scalar(operation)}: [{listed}]\n")
    return "".join(lines if privileges else [*lines, "{}\n"])


def accepted_of(suite: Path) -> Privileges | None:
    """The reviewed list of a suite; None where there is none. Raises `UsageError`."""
    path = list_of(suite)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Privileges:
    """The list that a file holds. Raises `UsageError`."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _wrong(path, f"this is no YAML: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise _wrong(path, "it is no mapping of services to their operations")
    for service, operations in value.items():
        for operation, scopes in operations.items():
            if not isinstance(scopes, list) or not all(isinstance(each, str) for each in scopes):
                raise _wrong(path, f"the scopes of {service} {operation} are no list of texts")
    return _sorted(value)


def _wrong(path: Path, what: str) -> UsageError:
    hint = "mend it, or delete it and write it anew: evalkit privileges accept SUITE"
    return UsageError(f"{path} is no list of privileges: {what}", hint=hint)


def _sorted(found: Mapping[str, Mapping[str, Iterable[Any]]]) -> Privileges:
    return {
        str(service): {
            str(name): tuple(sorted(set(scopes))) for name, scopes in sorted(operations.items())
        }
        for service, operations in sorted(found.items())
    }


def _scalar(text: str, bare: re.Pattern[str] = _BARE) -> str:
    """A text as YAML takes it for nothing else: bare where that is safe."""
    if bare.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
