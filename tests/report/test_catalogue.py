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
def test_every_check_is_listed(name: str) -> None:
    lines = list(check_lines())
    place = lines.index(f"{name} ({CHECKS[name].severity.value})")
    assert lines[place + 1].strip()


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
