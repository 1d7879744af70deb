"""The environment of an agent's process."""

from __future__ import annotations

from collections.abc import Mapping

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")
"""What names a proxy, in lower case: those of the machine are not for an agent under test."""


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the machine's proxies."""
    return {name: value for name, value in environment.items() if name.lower() not in PROXIES}
