"""The Grafana dashboard and the alert rules of Prometheus, as files beside this module."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).with_name("dashboards")


def dashboard() -> str:
    """The dashboard as JSON: to be imported into Grafana, or provisioned."""
    return (_FOLDER / "evalkit.json").read_text(encoding="utf-8")


def alerts() -> str:
    """The alert rules as YAML: for `rule_files` of Prometheus."""
    return (_FOLDER / "alerts.yaml").read_text(encoding="utf-8")
