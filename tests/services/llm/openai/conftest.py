import httpx2
import openai
import pytest

from tests.services.asking import load
from tests.services.llm.fixtures import fixtures_of
from tests.services.llm.openai import world
from tests.services.llm.openai.support import DEFINITION, SCRIPT, Bridge

template, service, defined = fixtures_of("openai", DEFINITION, SCRIPT, world.SCRIPT)


@pytest.fixture
def bridge(service):
    return Bridge(service)


@pytest.fixture
async def client(bridge):
    async with (
        httpx2.AsyncClient(transport=bridge) as http,
        openai.AsyncOpenAI(
            api_key="k", base_url="http://llm.evalkit.test/v1", http_client=http
        ) as c,
    ):
        yield c


@pytest.fixture(scope="session")
def wide_template(tmp_path_factory):
    return load(tmp_path_factory.mktemp("wide"), world.DEFINITION, world.SCRIPT)


@pytest.fixture
def wide(wide_template):
    """A service with more to say."""
    return wide_template.fresh()
