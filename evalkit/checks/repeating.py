"""Changes that can be asked for twice and are made once.

PUT says what is to be so, and DELETE what is to be gone: asking once more changes nothing
(RFC 9110, section 9.2.2). A service that knows an idempotency key for such a change says that with
it this is otherwise.
"""

from __future__ import annotations

from evalkit.checks.base import Facts
from evalkit.journal.records import EffectCommitted
from evalkit.journal.views import SessionView

_IDEMPOTENT = frozenset({"PUT", "DELETE"})


def may_be_repeated(effect: EffectCommitted, session: SessionView, facts: Facts) -> bool:
    """Whether it does no harm that a change was asked for once more."""
    method = session.call(effect.call).started.method
    return method in _IDEMPOTENT and effect.name not in facts.keyed(effect.service)
