"""One run and one browser for all tests of pages, and where their pictures are kept."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.store import Run
from tests.report.html.pages import hostile_run, loaded_run

ROOT = Path(__file__).parents[3]
OUTPUT = ROOT / "tests" / "output"
SUITE = ROOT / "tests" / "agents" / "support_defective.eval.yaml"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)
PATIENCE = 30_000.0  # milliseconds that a busy machine is waited for


@dataclass
class Tab:
    """A page in a browser, and everything that it said or asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def quiet(self) -> None:
        """Nothing was logged, nothing went wrong, and nothing but files was asked for."""
        assert self.said == []
        assert [each for each in self.asked if not each.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of the tests share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "pages"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No other process of the tests is here at the same time."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def report(shared: Path) -> Path:
    """The report of a real run: the shipped agent with classic mistakes, run once for all."""
    out = shared / "real"
    with alone(shared):
        if not (out / "index.html").is_file():
            shutil.rmtree(out, ignore_errors=True)
            api.report(api.run([SUITE], out=out))
    return next(out.glob("*/index.html"))


@pytest.fixture(scope="session")
def hostile(shared: Path) -> Path:
    """The report of a run whose every text would like to run."""
    out = shared / "hostile"
    with alone(shared):
        if not (out / "index.html").is_file():
            shutil.rmtree(out, ignore_errors=True)
            run: Run = hostile_run(out / "run")
            api.report(run)
    return out / "run" / "index.html"


@pytest.fixture(scope="session")
def loaded(shared: Path) -> Path:
    """The report of a run under load that was held against a baseline."""
    out = shared / "loaded"
    with alone(shared):
        if not (out / "index.html").is_file():
            shutil.rmtree(out, ignore_errors=True)
            api.report(loaded_run(out / "run"))
    return out / "run" / "index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; the tests are skipped where there is none.

    For one module: while Playwright is there, its loop runs in this thread, and no other can.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Opens a page in a context of its own: `visit(path, "#hash", width=360, dark=True)`."""
    contexts = []

    def go(path: Path, hash_: str = "", *, width: int = 1280, **given: Any) -> Tab:
        dark = given.pop("dark", False)
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **given,
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        tab = Tab(context.new_page())
        tab.page.on("console", lambda message: tab.said.append(message.text))
        tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
        tab.page.on("dialog", lambda dialog: (tab.said.append(dialog.message), dialog.dismiss()))
        tab.page.on("request", lambda request: tab.asked.append(request.url))
        tab.page.goto(path.as_uri() + hash_)
        return tab

    yield go
    for each in contexts:
        each.close()


@pytest.fixture(scope="session")
def output() -> Path:
    """Where pictures of pages are kept, for somebody to look at."""
    OUTPUT.mkdir(exist_ok=True)
    return OUTPUT
