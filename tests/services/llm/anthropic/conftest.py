from tests.services.llm.anthropic.support import DEFINITION, SCRIPT
from tests.services.llm.fixtures import fixtures_of

template, service, defined = fixtures_of("anthropic", DEFINITION, SCRIPT)
