from __future__ import annotations

import pytest

from evalkit.checks import CHECKS, SETS
from evalkit.faults import FAULTS, When
from evalkit.metrics.definitions import METRICS
from evalkit.report.catalogue import check_lines, fault_lines, first_paragraph, metric_lines


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_listed_with_an_example_and_its_settings(name: str) -> None:
    text = "\n".join(fault_lines())
    assert f"\n\n{name}: " in f"\n\n{text}"
    for field in FAULTS[name].model_fields.values():
        assert field.description
        assert field.description.split()[0] in text


def test_every_condition_is_listed() -> None:
    text = "\n".join(fault_lines()).partition("when:")[2]
    assert all(f"    {name} " in text for name in When.model_fields)


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_listed_with_its_settings(name: str) -> None:
    check, lines = CHECKS[name], list(check_lines())
    place = lines.index(f"  {name} ({check.severity.value})")
    own = "\n".join(lines[place + 1 : lines.index("", place)])
    assert check.about.split()[0] in own
    for setting, field in ({} if check.Settings is None else check.Settings.model_fields).items():
        assert f"      {field.alias or setting} " in own


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("backs-off", "least      A wait that is none is shorter than it (default: 50ms)"),
        ("downstream-share", "(default: 30%)"),
        ("downstream-share", "sla   The time that a turn has (needed)"),
        ("no-runaway", "- no-runaway: {turns: 20, calls: 60}"),
        ("no-retry-of-refusal", "400, 401, 403, 404, 422)"),
    ],
)
def test_defaults_are_shown_as_they_are_written(name: str, line: str) -> None:
    text = "\n".join(check_lines())
    assert line in text.partition(f"  {name} (")[2].partition("\n\n")[0]


def test_the_sets_of_checks_are_listed() -> None:
    assert all(any(each.startswith(f"{name}: ") for each in check_lines()) for name in SETS)


def test_every_metric_is_listed_with_what_it_is_and_the_language_of_gates() -> None:
    text = "\n".join(metric_lines())
    for name, metric in METRICS.items():
        assert f"    {name} " in text
        assert metric.description.split()[0] in text
    assert "for each service" in text
    assert '"warn"' in text


def test_no_line_is_wider_than_a_terminal() -> None:
    assert max(map(len, [*fault_lines(), *check_lines()])) <= 80


def test_a_docstring_is_read_to_the_end_of_its_first_paragraph() -> None:
    assert first_paragraph("One\n    two.\n\n    Three.") == "One two."
    assert first_paragraph(None) == ""
