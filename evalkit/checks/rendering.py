"""Whether what the settings of checks say of sessions can be worked out for all that are replayed.

Which variables a session has is known before anything runs; one that is missing would end in a
check that crashes in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from evalkit.checks.conditions import ConditionText, TextTemplate, condition_of, text_of
from evalkit.checks.making import class_of, make
from evalkit.errors import StartError
from evalkit.services.template import RenderError
from evalkit.suite.checks import CheckUse
from evalkit.suite.mistakes import Mistake
from evalkit.suite.sessions import SessionRecord
from evalkit.suite.tree import Where


def unrenderable(
    uses: Sequence[CheckUse],
    folder: Path,
    sessions: Sequence[tuple[str, SessionRecord]],
    chosen: Collection[CheckUse],
) -> Iterator[Mistake]:
    """The conditions and texts in the entries of a `checks:` that cannot be worked out for some
    session, each with its place from there and the first such session.

    Sessions are given with their ids, and `chosen` are the checks that are looked for in them.
    """
    for at, use in enumerate(uses):
        for where, text in _texts(_settings(use, folder)) if use in chosen else ():
            if (why := _why_not(text, sessions)) is not None:
                yield Mistake(where=(at, use.name, *where), message=f"{use.name}: {why}")


def _settings(use: CheckUse, folder: Path) -> BaseModel | None:
    if use.removed or use.settings is None:
        return None
    with ExitStack() as stack:
        try:
            settings = make(stack.enter_context(class_of(use.name, folder)), use).settings
        except (StartError, ValidationError, KeyError):
            return None  # told of by `check_mistakes`
        return settings if isinstance(settings, BaseModel) else None


def _texts(value: Any, where: Where = ()) -> Iterator[tuple[Where, ConditionText | TextTemplate]]:
    if isinstance(value, ConditionText | TextTemplate):
        yield where, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _texts(getattr(value, name), (*where, field.alias or name))


def _why_not(
    text: ConditionText | TextTemplate, sessions: Sequence[tuple[str, SessionRecord]]
) -> str | None:
    for name, record in sessions:
        try:
            if isinstance(text, ConditionText):
                for number, turn in enumerate(record.turns, start=1):
                    condition_of(text, name, record, number, turn.input)
            else:
                text_of(text, name, record)
        except RenderError as error:
            return f'for session "{name}", {error}'
    return None
