"""Loads a YAML file into a typed model, with every mistake in it located."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from evalkit.errors import SuiteError
from evalkit.suite.mistakes import Mistake, mistakes_of
from evalkit.suite.model import Suite
from evalkit.suite.problems import Problem
from evalkit.suite.source import Mark, Source, read_bytes
from evalkit.suite.tree import SourceMap, Tree, Where, read_tree

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[ModelT]):
    """A model and the file it was read from."""

    value: ModelT
    path: Path
    source: Source
    marks: SourceMap

    def mark(self, where: Where, *, at_key: bool = False) -> Mark:
        """Line and column of the value at a path of keys and indexes, or of its key."""
        return self.marks.mark(where, at_key=at_key)

    def problem(
        self,
        where: Where,
        message: str,
        *,
        allowed: Iterable[str] = (),
        given: object = None,
        at_key: bool = False,
    ) -> Problem:
        """A problem at that place of the file. `given` is what stands there, to guess by."""
        mark = self.mark(where, at_key=at_key)
        return self.source.problem(mark, message, allowed=allowed, given=given)


def load_suite(path: Path | str) -> Loaded[Suite]:
    """The suite in a file. Raises `SuiteError` with all mistakes."""
    return load_model(path, Suite)


def load_model(path: Path | str, model: type[ModelT]) -> Loaded[ModelT]:
    """The model in a YAML file. Raises `SuiteError` with all mistakes."""
    path = Path(path)
    return read_model(read_bytes(path), path, model)


def read_model(data: bytes, path: Path, model: type[ModelT]) -> Loaded[ModelT]:
    """The model in the bytes of a YAML file. Raises `SuiteError` with all mistakes."""
    source = Source.decoded(data, str(path))
    tree = read_tree(source)
    try:
        value = model.model_validate(tree.value)
    except ValidationError as error:
        found = mistakes_of(error, model, tree.value)
        raise _wrong([*tree.problems, *_located(found, tree, source)]) from None
    if tree.problems:
        raise _wrong(tree.problems)
    return Loaded(value, path, source, tree.marks)


def _wrong(problems: Iterable[Problem]) -> SuiteError:
    return SuiteError(sorted(problems, key=lambda each: (each.line or 0, each.column or 0)))


def _located(found: Iterable[Mistake], tree: Tree, source: Source) -> Iterator[Problem]:
    for each in found:
        if any(each.where[:end] in tree.broken for end in range(len(each.where) + 1)):
            continue
        mark = tree.marks.mark(each.where, at_key=each.at_key)
        yield Problem(
            file=source.file,
            line=mark.line,
            column=mark.column,
            message=each.message,
            excerpt=source.line(mark.line),
            allowed=each.allowed,
            suggestion=each.suggestion,
        )
