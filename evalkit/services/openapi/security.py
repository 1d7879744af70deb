"""How callers show who they are and what they may do: the security schemes of a contract."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from evalkit.services.openapi.contract import Operation, Scheme
from evalkit.services.openapi.document import Node
from evalkit.services.openapi.nodes import Nodes
from evalkit.suite.problems import closest
from evalkit.wire import Request

_PLACES = ("header", "query", "cookie")


def schemes_of(root: Node, nodes: Nodes) -> Mapping[str, Scheme]:
    """The schemes by name."""
    components = root.value.get("components")
    if not isinstance(components, dict):
        if components is not None:
            nodes.refuse(root.at("components"), "`components` is a mapping")
        return {}
    found = {}
    for name, node in nodes.items(root.at("components"), "securitySchemes"):
        entry = nodes.mapping(node)
        scheme = None if entry is None else _scheme(name, entry, nodes)
        if scheme is not None:
            found[name] = scheme
    return found


def _scheme(key: str, node: Node, nodes: Nodes) -> Scheme | None:
    value = node.value
    match value.get("type"):
        case "apiKey":
            place, name = value.get("in"), value.get("name")
            if place not in _PLACES or not isinstance(name, str):
                nodes.refuse(node, "an apiKey has a `name`, and `in`: header, query or cookie")
                return None
            return Scheme(key=key, place=place, name=name, node=node)
        case "http":
            prefix = str(value.get("scheme", "bearer"))
            return Scheme(key=key, place="header", name="authorization", prefix=prefix, node=node)
        case "oauth2" | "openIdConnect":
            return Scheme(
                key=key,
                place="header",
                name="authorization",
                prefix="bearer",
                grants=True,
                node=node,
            )
        case "mutualTLS":
            return Scheme(key=key, place="none", node=node)
    nodes.refuse(
        node, "a security scheme has a `type`: apiKey, http, oauth2, openIdConnect or mutualTLS"
    )
    return None


def needed_by(
    holder: Node, nodes: Nodes, schemes: Mapping[str, Scheme]
) -> tuple[tuple[Scheme, ...], ...]:
    """The alternatives that `security` of an operation or document names."""
    found = []
    for node in nodes.list(holder, "security"):
        if not isinstance(node.value, dict):
            nodes.refuse(node, "an alternative is a mapping of schemes to scopes")
            continue
        for name in node.value:
            if name not in schemes:
                near = closest(name, schemes)
                hint = f"; did you mean `{near}`?" if near else ""
                nodes.refuse(node, f"there is no security scheme `{name}`{hint}")
        found.append(
            tuple(
                _with_scopes(schemes[name], node.at(name), nodes)
                for name in node.value
                if name in schemes
            )
        )
    return tuple(found)


def _with_scopes(scheme: Scheme, node: Node, nodes: Nodes) -> Scheme:
    """The scheme with the scopes that are asked for, where its credentials have such."""
    given = node.value
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        nodes.refuse(node, "a scheme is followed by a list of scopes, be it empty")
        return scheme
    return replace(scheme, scopes=tuple(given)) if scheme.grants else scheme


def carries(scheme: Scheme, request: Request) -> bool:
    """Whether a request carries the credential of a scheme; whether it is right is not asked."""
    if scheme.place == "none":
        return True
    if scheme.place == "query":
        return any(name == scheme.name and value for name, value in request.query)
    if scheme.place == "cookie":
        cookies = re.split(r";\s*", request.header("cookie") or "")
        return any(each.startswith(f"{scheme.name}=") for each in cookies)
    value = request.header(scheme.name) or ""
    if not scheme.prefix:
        return bool(value)
    prefix, _, rest = value.partition(" ")
    return prefix.lower() == scheme.prefix.lower() and bool(rest.strip())


def carried(operation: Operation, request: Request) -> list[tuple[Scheme, ...]]:
    """The alternatives of an operation whose credentials a request carries."""
    alternatives = operation.security or ((),)
    return [each for each in alternatives if all(carries(one, request) for one in each)]


def scopes_of(alternative: Sequence[Scheme]) -> tuple[str, ...]:
    """The scopes that an alternative asks for."""
    return tuple(dict.fromkeys(scope for each in alternative for scope in each.scopes))


def told_scopes(request: Request) -> tuple[str, ...] | None:
    """The scopes that a bearer token tells by itself, being a JWT: the claim `scope` of RFC 9068,
    or `scp`. None where it tells none. Whether it is genuine is not asked.
    """
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    found = [claims.get(each) for each in ("scope", "scp")] if isinstance(claims, dict) else []
    return next((tuple(_words(each)) for each in found if isinstance(each, str | list)), None)


def _words(scopes: str | list[object]) -> Iterator[str]:
    for each in scopes.split() if isinstance(scopes, str) else scopes:
        yield str(each)


def credential(scheme: Scheme) -> str:
    """Where a scheme's credential stands, in words."""
    if scheme.prefix:
        return f"the header `Authorization: {scheme.prefix.capitalize()} …`"
    return f"the {scheme.place} `{scheme.name}`"
