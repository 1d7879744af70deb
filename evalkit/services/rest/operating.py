"""What a route does with a store, compiled from how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.services.compiling import Compiler
from evalkit.services.rest.model import RoutePart
from evalkit.services.rest.operations import Operation, Verb
from evalkit.services.rest.routing import Pattern
from evalkit.services.state.compiled import CompiledStore
from evalkit.services.template import Where

_ADDED: Mapping[Verb, tuple[str, ...]] = {
    "read": ("record",),
    "create": ("record",),
    "update": ("record", "before"),
    "replace": ("record", "before"),
    "delete": ("record", "before"),
    "list": ("page",),
}


def added_by(part: RoutePart) -> tuple[str, ...]:
    """The variables that the route's operation adds for its replies and its effect."""
    return tuple(name for verb, _ in part.operations for name in _ADDED[verb])


def compile_operation(
    where: Where,
    part: RoutePart,
    pattern: Pattern | None,
    stores: Mapping[str, CompiledStore],
    seen: Sequence[str],
    compiler: Compiler,
) -> Operation | None:
    """The operation of a route, if it has one. Its mistakes are left with the compiler."""
    for verb, name in part.operations:
        store = stores.get(name)
        if store is None:
            message = f"there is no store `{name}`" + ("" if stores else "; declare it in `stores`")
            compiler.refuse((*where, verb), message, allowed=tuple(stores), given=name)
            return None
        parameter = _parameter(store, pattern)
        if verb not in ("create", "list") and pattern is not None and parameter is None:
            message = f"`{verb}` needs the key of a record in the path, like `/{name}/{{id}}`"
            compiler.refuse((*where, verb), message)
        record = None
        if "record" in part.model_fields_set:
            names = seen if verb == "create" else (*seen, "before")
            record = compiler.value((*where, "record"), part.record, names)
        return Operation(
            verb=verb,
            store=name,
            parameter=parameter,
            record=record,
            where=compiler.value((*where, "where"), dict(part.where), seen),
            paging=part.paging,
            size=part.page,
        )
    return None


def _parameter(store: CompiledStore, pattern: Pattern | None) -> str | None:
    """The parameter that holds the key: the one called like it, else the last."""
    names = [] if pattern is None else [name for name in pattern.parameters if name]
    if store.key in names:
        return store.key
    return names[-1] if names else None
