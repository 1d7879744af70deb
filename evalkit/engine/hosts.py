"""Where a service is reached inside the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

SUFFIX = "evalkit.test"  # names under .test never resolve outside (RFC 6761)


def host_of(service: str) -> str:
    """The host that a service always answers at."""
    return f"{service}.{SUFFIX}".lower().replace("_", "-")


def url_of(service: str) -> str:
    """The base URL that a service always answers at."""
    return f"http://{host_of(service)}"


def declared_hosts(origins: Iterable[str]) -> tuple[str, ...]:
    """The host names of origins such as `https://api.example.com`."""
    return tuple(
        urlsplit(each if "://" in each else f"//{each}").hostname or each for each in origins
    )


def urls(services: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """What templates know as `services`: by name, the base URL as `url`."""
    return {name: {"url": url_of(name)} for name in services}
