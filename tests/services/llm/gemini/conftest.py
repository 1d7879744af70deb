from tests.services.llm.fixtures import fixtures_of
from tests.services.llm.gemini.support import DEFINITION, SCRIPT

template, service, defined = fixtures_of("gemini", DEFINITION, SCRIPT)
