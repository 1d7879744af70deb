"""A view as one HTML file: templates, styles and scripts in it, and a policy that lets nothing else
run.

The policy names the style and the script by their hashes, so that whatever text of a run would look
like either to a browser is neither. There is no style attribute, and no address of another host.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from evalkit.metrics import Unit
from evalkit.report.html import amounts, svg
from evalkit.report.html.texts import script_safe, visible
from evalkit.report.html.view import Before, Moved, Place, Problem, SessionLine
from evalkit.report.html.words import GLOSSARY, plain
from evalkit.report.words import SYMBOLS, count

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "evalkit.report.html"
_FILTERS = (
    *("duration", "share", "money", "moneys", "number", "times", "amount", "difference"),
    "exactly",
)


def render(template: str, *, script: str, **values: Any) -> str:
    """A page of this template, with the style and with this script."""
    from evalkit import __version__

    style, code = asset("report.css"), asset(script)
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),
            script=Markup(code),
            policy=policy(style, code),
            version=__version__,
            **values,
        )
    )


def compile_templates() -> None:
    """Compile what pages are made from, which takes longer than to write one small page."""
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)


def policy(style: str, code: str) -> str:
    """What a page may do: use this style, run this code, show images that are in it."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(code)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def asset(name: str) -> str:
    """The text of a style or a script."""
    path = resources.files(_PACKAGE) / "assets" / name
    return path.read_text(encoding="utf-8")


def _embedded(value: Mapping[str, Any]) -> Markup:
    """Data that a script reads, in a form that no parser of HTML sees anything in."""
    return Markup(script_safe(value))


def ticked(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:  # one of them has no other
        return escape(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(each) if at % 2 else escape(each)
        for at, each in enumerate(parts)
    )


def _shown(value: Any) -> Any:
    """What every expression of a template passes through: no text hides anything."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def link(place: Place | SessionLine) -> str:
    """The address, within the report, of a session or of a call of it."""
    wanted = {"session": f"{visible(place.scenario)}/{visible(place.session)}"}
    if isinstance(place, Place) and place.call is not None:
        wanted["call"] = str(place.call)
    return f"#{urlencode(wanted, errors='replace')}"


def among(problem: Problem) -> str:
    """The address, within the report, of the list of the sessions with this problem."""
    wanted = {"outcome": "went wrong"} if problem.bad else {}
    if len(problem.scenarios) == 1:
        wanted["scenario"] = visible(problem.scenarios[0])
    if problem.check:
        wanted["q"] = visible(problem.check)
    return f"#{urlencode(wanted, errors='replace')}" if wanted else "#sessions"


def moved(before: Before) -> list[tuple[Moved, bool]]:
    """The figures that moved since the baseline, and whether they are worse for it."""
    return [*((each, True) for each in before.worse), *((each, False) for each in before.better)]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for each in _FILTERS:
        environment.filters[each] = getattr(amounts, each)
    environment.filters["ticked"] = ticked
    environment.filters["plain"] = plain
    environment.filters["embedded"] = _embedded
    environment.globals.update(
        moved=moved,
        units=Unit,
        svg=svg,
        counted=count,
        link=link,
        among=among,
        change=amounts.change,
        relative=amounts.relative,
        glossary=GLOSSARY,
        symbols={k.value: v for k, v in SYMBOLS.items()},
    )
    return environment
