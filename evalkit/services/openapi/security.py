"""How callers show who they are: the security schemes of a contract."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evalkit.services.openapi.contract import Scheme
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
            return Scheme(key=key, place="header", name="authorization", prefix="bearer", node=node)
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
        found.append(tuple(schemes[name] for name in node.value if name in schemes))
    return tuple(found)


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


def credential(scheme: Scheme) -> str:
    """Where a scheme's credential stands, in words."""
    if scheme.prefix:
        return f"the header `Authorization: {scheme.prefix.capitalize()} …`"
    return f"the {scheme.place} `{scheme.name}`"
