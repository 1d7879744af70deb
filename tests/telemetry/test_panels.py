"""The dashboard and the alert rules ask for what is exported, and for nothing else."""

import json
import re

import pytest
import yaml

from evalkit.telemetry.measuring import families_of
from evalkit.telemetry.panels import alerts, dashboard
from tests.telemetry.runs import full_run

_SELECTOR = re.compile(r"(evalkit_\w+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)\s*=~?")
_BY = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


def _expressions():
    panels = json.loads(dashboard())
    for panel in panels["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]
    for each in panels["templating"]["list"]:
        if each["type"] == "query":
            yield each["name"], each["query"]["query"], ""
    for group in yaml.safe_load(alerts())["groups"]:
        for rule in group["rules"]:
            texts = " ".join(rule["annotations"].values())
            yield rule["alert"], rule["expr"], texts.replace("$labels.", "")


EXPRESSIONS = list(_expressions())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The labels of every series that a run can have, by its name."""
    found = {}
    for family in families_of(full_run(tmp_path_factory.mktemp("panels") / "run")):
        for each in (*family.samples, *family.spreads):
            labels = {*each.labels, "quantile"} if family.spreads else set(each.labels)
            for end in ("", "_sum", "_count") if family.spreads else ("",):
                found.setdefault(f"{family.name}{end}", set()).update(labels)
    return found


@pytest.mark.parametrize(("title", "expression", "legend"), EXPRESSIONS)
def test_every_series_and_label_is_exported(title, expression, legend, exported):
    selectors = _SELECTOR.findall(expression)
    assert selectors
    known = set()
    for name, inside in selectors:
        assert name in exported
        assert set(_LABEL.findall(inside or "")) <= exported[name]
        known |= exported[name]
    grouped = {label.strip() for each in _BY.findall(expression) for label in each.split(",")}
    shown = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
    assert grouped <= known
    assert shown <= known


@pytest.mark.parametrize(("title", "expression", "legend"), EXPRESSIONS)
def test_brackets_are_closed(title, expression, legend):
    for pair in ("()", "{}", "[]"):
        assert expression.count(pair[0]) == expression.count(pair[1])


def test_panels_have_ids_and_places_of_their_own():
    panels = json.loads(dashboard())["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}
    assert len(places) == len(panels)
    assert all(each["gridPos"]["x"] + each["gridPos"]["w"] <= 24 for each in panels)


def test_alerts_have_names_of_their_own_and_say_what_is_wrong():
    rules = [each for group in yaml.safe_load(alerts())["groups"] for each in group["rules"]]
    assert len({each["alert"] for each in rules}) == len(rules)
    assert all(each["annotations"]["summary"] and each["labels"]["severity"] for each in rules)
