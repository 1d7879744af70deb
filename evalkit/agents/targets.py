"""Where a URL or a path leads at an agent that is served."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from evalkit.suite.hosts import AGENT_HOST, AGENT_URL

_IN_PATH = "/:@!$&'()*+,;=~-._%"
_IN_QUERY = _IN_PATH + "?"


def quoted(target: str) -> str:
    """A path and query as it may stand in a request line (RFC 3986, 3.3 and 3.4); what is quoted
    already stays as it is.
    """
    path, mark, query = target.partition("?")
    return f"{quote(path, safe=_IN_PATH)}{mark}{quote(query, safe=_IN_QUERY)}"


def target_of(url: str) -> str:
    """The path and query of a URL of the agent's, or of a path of its own. Raises `ValueError`."""
    parts = urlsplit(url)
    own = not parts.netloc or (parts.scheme in ("http", "https") and parts.hostname == AGENT_HOST)
    if not own or (not parts.netloc and not parts.path.startswith("/")):
        raise ValueError(f"{url[:200]!r} is not at the agent, whose URL is {AGENT_URL}")
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path
