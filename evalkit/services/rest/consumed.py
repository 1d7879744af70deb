"""What a route does with a queue of messages, compiled from how it is written."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.services.compiling import Compiler
from evalkit.services.queues.compiled import CompiledQueue
from evalkit.services.rest.consuming import AT_KEY, OWN, Consumption
from evalkit.services.rest.model import RoutePart
from evalkit.services.rest.routing import Pattern
from evalkit.services.template import Where


def compile_consumption(
    where: Where,
    part: RoutePart,
    pattern: Pattern | None,
    queues: Mapping[str, CompiledQueue],
    people: frozenset[str],
    polls: Mapping[str, Pattern],
    compiler: Compiler,
) -> Consumption | None:
    """What a route does with a queue, if it does. Its mistakes are left with the compiler.

    `people` are the queues whose tasks people answer, `polls` the routes that poll, by name.
    """
    for verb, name in part.consumptions:
        if name in queues:
            parameter = None if pattern is None else pattern.last_parameter
            if verb in AT_KEY and pattern is not None and parameter is None:
                what = "the lease" if AT_KEY[verb] == "lease" else "the id of a message"
                message = f"`{verb}` needs {what} in the path, like `/{name}/{{{AT_KEY[verb]}}}`"
                compiler.refuse((*where, verb), message)
            polled = polls.get(name)
            return Consumption(verb=verb, queue=queues[name], parameter=parameter, polled=polled)
        if verb in OWN:
            hint = "; one that agents take from has a `lease`" if name in people else ""
            known = "" if queues else "; declare it in `queues`, with a `lease`"
            message = f"there is no queue of messages called `{name}` to {verb}{hint or known}"
            compiler.refuse((*where, verb), message, allowed=tuple(queues), given=name)
    return None
