"""The fixtures of a provider: a service of its kind, and others that are defined otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.asking import load


def fixtures_of(kind: str, definition: str, script: str, other: str | None = None) -> Any:
    """`template`, `service` and `defined`; the services of the last say what `other` has them."""

    @pytest.fixture(scope="session")
    def template(tmp_path_factory):
        return load(tmp_path_factory.mktemp(kind), definition, script)

    @pytest.fixture
    def service(template):
        return template.fresh()

    @pytest.fixture
    def defined(tmp_path):
        """Makes a service of another definition."""

        def make(more, script=other or script):
            return load(tmp_path, f"service: {kind}\n{more}", script).fresh()

        return make

    return template, service, defined
