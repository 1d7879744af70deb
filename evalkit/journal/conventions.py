"""The names of OpenTelemetry's semantic conventions that evalkit writes and reads, in one table.

Those for generative AI still move: they stand here and nowhere else. Source: the OpenTelemetry
semantic conventions for generative AI (spans of agents and clients, events), for HTTP and errors.
What has no name there begins with `evalkit.`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
AGENT = "gen_ai.agent.name"
CONVERSATION = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
TOKENS_IN = "gen_ai.usage.input_tokens"
TOKENS_OUT = "gen_ai.usage.output_tokens"
TOOL = "gen_ai.tool.name"

INVOKE_AGENT, CHAT, EXECUTE_TOOL = "invoke_agent", "chat", "execute_tool"

EVALUATION = "gen_ai.evaluation.result"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation"

ERROR_TYPE = "error.type"
HTTP_METHOD = "http.request.method"
HTTP_STATUS = "http.response.status_code"
HTTP_RESEND = "http.request.resend_count"
URL_PATH = "url.path"
PEER = "server.address"

RUN = "evalkit.run"
SUITE = "evalkit.suite"
SEED = "evalkit.seed"
CLOCK = "evalkit.clock"
SCENARIO = "evalkit.scenario"
SESSION = "evalkit.session"
TURN = "evalkit.turn"
CALL = "evalkit.call"
SERVICE = "evalkit.service"
ATTEMPT = "evalkit.attempt"
END = "evalkit.end"
ANSWER = "evalkit.answer"
OUTCOME = "evalkit.outcome"

FAULT = "evalkit.fault"
FAULT_KIND = "evalkit.fault.kind"
FAULT_STAGE = "evalkit.fault.stage"
FAULT_RULE = "evalkit.fault.rule"
EFFECT = "evalkit.effect"
EFFECT_NAME = "evalkit.effect.name"
FINDING_CALLS = "evalkit.finding.calls"

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {"openai": "openai", "anthropic": "anthropic", "gemini": "gcp.gemini"}
)
"""What the conventions call the providers of models, by the kinds of services."""
