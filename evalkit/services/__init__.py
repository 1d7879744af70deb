"""Mocks of the integrations of an agent: from a definition in YAML to replies on the wire."""

from evalkit.services.base import DEFAULT_STARTS_AT_NS, Service, ServiceInfo
from evalkit.services.load import SERVICES, ServiceTemplate, load_service

__all__ = [
    "DEFAULT_STARTS_AT_NS",
    "SERVICES",
    "Service",
    "ServiceInfo",
    "ServiceTemplate",
    "load_service",
]
