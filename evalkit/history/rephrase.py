"""A model that rephrases a question into the grammar, where the user has configured one.

It is given the grammar, the metrics, the names in the runs and the question, and gives back a
question, which is then read like any other: it sees no figure and decides none. What it says is
not taken where it leaves out a name or a number of the question, or what denies something.

The protocol is that of OpenAI's chat completions (POST /chat/completions), which many servers
speak.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import Request, urlopen

from evalkit.errors import UsageError
from evalkit.history import lexicon
from evalkit.history.names import Names
from evalkit.metrics import METRICS

URL, MODEL, KEY = "EVALKIT_ASK_URL", "EVALKIT_ASK_MODEL", "EVALKIT_ASK_KEY"
"""The environment variables that configure it: the base of the API, such as
http://localhost:8000/v1, the name of the model, and a key where one is needed."""

_TIMEOUT_S = 30
_LARGEST = 100_000
_NO = "CANNOT"
_NEGATIONS = re.compile(r"\b(?:not|no|without|except|excluding|never)\b|n't\b|!=", re.IGNORECASE)
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rephraser:
    """A model behind an API."""

    url: str
    model: str
    key: str | None = None

    @classmethod
    def configured(cls, environ: Mapping[str, str]) -> Rephraser | None:
        """The model that the environment names; None where it names none."""
        url, model = environ.get(URL), environ.get(MODEL)
        if not url and not model:
            return None
        if not url or not model:
            raise UsageError(f"{URL} and {MODEL} go together: one of them is not set")
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{URL} is no http:// or https:// address")
        return cls(url=url.rstrip("/"), model=model, key=environ.get(KEY) or None)

    def rephrased(self, question: str, names: Names) -> str | None:
        """The question in the words of the grammar; None where the model finds none, or leaves
        something of it out. Raises `UsageError` where it cannot be asked.
        """
        told = self._asked(question, names).strip().strip("`").strip()
        lines = told.splitlines()
        if len(lines) != 1 or told.upper().startswith(_NO):
            return None
        return told if keeps(question, told, names) else None

    def _asked(self, question: str, names: Names) -> str:
        messages = [
            {"role": "system", "content": instructions(names)},
            {"role": "user", "content": question},
        ]
        body = {"model": self.model, "messages": messages, "temperature": 0}
        headers = {"content-type": "application/json"}
        if self.key is not None:
            headers["authorization"] = f"Bearer {self.key}"
        request = Request(
            f"{self.url}/chat/completions", data=json.dumps(body).encode(), headers=headers
        )
        try:
            with urlopen(request, timeout=_TIMEOUT_S) as reply:
                content = json.loads(reply.read(_LARGEST))["choices"][0]["message"]["content"]
        except (URLError, OSError, ValueError, LookupError, TypeError) as error:
            raise UsageError(f"the model at {self.url} could not be asked: {error}") from None
        return content if isinstance(content, str) else ""


def keeps(question: str, told: str, names: Names) -> bool:
    """Whether a rephrased question has every name, number and negation of the other, and no name
    or number of its own.
    """
    return all(each(question) == each(told) for each in (_numbers, _denied)) and (
        _named(question, names) == _named(told, names)
    )


def _numbers(text: str) -> Counter[str]:
    return Counter(_NUMBERS.findall(text))


def _denied(text: str) -> int:
    return len(_NEGATIONS.findall(text))


def _named(text: str, names: Names) -> set[tuple[str, ...]]:
    words = re.sub(r"[^\w./{}*+-]+", " ", text).replace("-", " ").replace("_", " ").lower()
    return {each for each in names.spelled() if f" {' '.join(each)} " in f" {words} "}


def instructions(names: Names) -> str:
    """What the model is told: the grammar, the metrics and the names."""
    metrics = "\n".join(f"{each.name}: {each.description}" for each in METRICS.values())
    known = "\n".join(f"{label}: {', '.join(names.of(label))}" for label in sorted(names.labels))
    return (
        "Rephrase the user's question into this grammar, on one line, meaning exactly the same. "
        f"Answer {_NO} if the grammar cannot say it, or you are not sure what is meant. "
        "Answer nothing else.\n\n"
        f"{lexicon.__doc__}\nmetrics:\n{metrics}\n\nnames:\n{known}\n"
    )
