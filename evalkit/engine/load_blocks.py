"""The journal of a load in blocks of sessions, as it was spilled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TypeAlias

from evalkit.engine.cells import PlannedSession
from evalkit.engine.reception import Reception
from evalkit.engine.spilling import NOBODY, Spill
from evalkit.journal.records import AnyRecord

Block: TypeAlias = tuple[tuple[PlannedSession, ...], list[AnyRecord]]
"""Sessions, and the records that are of them or of none."""


def blocks_of(journal: Spill, reception: Reception | None, *, interrupted: bool) -> Iterator[Block]:
    """The sessions that came to their end, and with the first of them what is of none, and those
    that did not but should have.
    """
    more: tuple[PlannedSession, ...] = ()
    if reception is not None:
        if interrupted:  # nobody's process died
            reception.cut |= reception.lost.keys()
        under_way = reception.dispenser.under_way
        more = tuple(each for name, each in under_way.items() if name not in reception.cut)
    others = [each for each in journal.records if each.session is None]
    blocks = journal.blocks()
    first = next(blocks, [])
    again = None if reception is None else reception.dispenser.again
    for block in itertools.chain([first], blocks):
        keys = (key for key, _ in block if key != NOBODY)
        sessions = tuple(map(again, keys)) if again else ()
        yield sessions + more, [each for _, own in block for each in own] + others
        more, others = (), []
