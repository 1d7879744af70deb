"""What a process that evalkit starts inherits of the environment.

pydantic loads its plugins with the first model that is used (Logfire's, wherever that is
installed), which takes as long as all of evalkit and sees nothing but suites being read. The
command line does without them. The agent, which runs in a process of its own, has them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH = "PYDANTIC_DISABLE_PLUGINS"
_set_here: list[str] = []
"""The names of the variables that are set for this process alone."""


@contextmanager
def without_plugins() -> Iterator[None]:
    """Use pydantic without its plugins, in this process only; not where the user has decided."""
    if _SWITCH in os.environ:
        yield
        return
    os.environ[_SWITCH] = "__all__"
    _set_here.append(_SWITCH)
    try:
        yield
    finally:
        _set_here.remove(_SWITCH)
        os.environ.pop(_SWITCH, None)


def environment() -> dict[str, str]:
    """The environment for a process that is started now."""
    return {name: value for name, value in os.environ.items() if name not in _set_here}
