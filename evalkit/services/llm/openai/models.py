"""The list of models, and each of them."""

from __future__ import annotations

from typing import Any

from evalkit.services.bodies import json_reply
from evalkit.services.llm.api import Backend
from evalkit.services.llm.asked import Call
from evalkit.services.llm.openai.errors import RefusedError
from evalkit.services.llm.refusals import short
from evalkit.wire import Reply


def list_models(service: Backend, call: Call) -> Reply:
    """All models."""
    del call
    return json_reply({"object": "list", "data": [_model(name) for name in service.models]})


def one_model(service: Backend, call: Call) -> Reply:
    """One model. Raises `RefusedError`."""
    wanted = call.place["model"]
    if wanted not in service.models:
        raise RefusedError(
            f"The model '{short(wanted)}' does not exist",
            param="model",
            code="model_not_found",
            status=404,
        )
    return json_reply(_model(wanted))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1715367049, "owned_by": "system"}
