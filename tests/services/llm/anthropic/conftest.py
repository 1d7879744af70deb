import pytest

from tests.services.asking import load
from tests.services.llm.anthropic.support import DEFINITION, SCRIPT


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return load(tmp_path_factory.mktemp("anthropic"), DEFINITION, SCRIPT)


@pytest.fixture
def service(template):
    return template.fresh()


@pytest.fixture
def defined(tmp_path):
    """Makes a service of another definition."""

    def make(more, script=SCRIPT):
        return load(tmp_path, f"service: anthropic\n{more}", script).fresh()

    return make
