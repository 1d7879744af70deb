"""Values as a suite's author writes them: YAML in flow style, `{status: 503, retry_after: 1s}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_$/.<(“][^,:#\[\]{}\"'\n]*")
_NO_TEXT = re.compile(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?|true|false|null|~", re.IGNORECASE)


def flow(value: Any) -> str:
    """A value of JSON in flow style. A fault that is all it has is written as its name."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(str(key))}: {_member(key, value[key])}' for key in value)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value, default=str)


def _member(key: str, value: Any) -> str:
    """A list of one fault is written as the fault, and `{reset: true}` as `reset`."""
    if key != "inject" or not isinstance(value, (list, tuple)):
        return flow(value)
    faults = [_fault(each) for each in value]
    return faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"


def _fault(value: Any) -> str:
    if isinstance(value, Mapping) and len(value) == 1:
        (name, given), *_ = value.items()
        if given is True:
            return str(name)
    return flow(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and not _NO_TEXT.fullmatch(text) and text == text.strip():
        return text
    return json.dumps(text, ensure_ascii=False)
