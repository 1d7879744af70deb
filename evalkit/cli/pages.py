"""The HTML reports of the runs of one command, each written while the next suite runs.

Cells run in processes of their own, for which this one mostly waits.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.api.driving import Listener
    from evalkit.engine.events import Event
    from evalkit.store import Run, RunJudged, RunOpened


class Pages:
    """Writes reports, one after the other, in a thread."""

    def __init__(self) -> None:
        self._written: dict[Path, Future[Path]] = {}
        self._writer = ThreadPoolExecutor(1, "report")

    def __enter__(self) -> Pages:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.shutdown(cancel_futures=error is not None)

    def beside(self, listener: Listener) -> Listener:
        """A listener that tells this one, and has the report of a run written once it is judged."""
        from evalkit.store import RunJudged, RunOpened

        def heard(event: Event | RunOpened | RunJudged) -> None:
            listener(event)
            if isinstance(event, RunOpened):
                self._writer.submit(_have_at_hand)
            if isinstance(event, RunJudged):
                self._written[event.run.folder] = self._writer.submit(_written, event.run)

        return heard

    def of(self, run: Run) -> Path:
        """The report of a run, once it is written. Raises `UsageError` where that cannot be."""
        if run.folder not in self._written:
            return _written(run)
        return self._written[run.folder].result()


def _have_at_hand() -> None:
    """Have imported and compiled what judging and writing take, while there is nothing to do but to
    wait for cells.
    """
    import_module("pyarrow.parquet")
    import_module("evalkit.report.ci.writing")
    import_module("evalkit.report.html.writing")
    import_module("evalkit.report.html.rendering").compile_templates()


def _written(run: Run) -> Path:
    from evalkit import api

    path, _ = api.report(run)
    return path
