"""Mocks of the integrations of an agent: from a definition in YAML to replies on the wire."""

from evalkit.services.base import DEFAULT_STARTS_AT_NS, Service, ServiceInfo
from evalkit.services.custom.base import PythonService
from evalkit.services.kinds import SERVICES, SPEAKING
from evalkit.services.load import ServiceTemplate, load_service
from evalkit.wire import Effect, Reply, Request

__all__ = [
    "DEFAULT_STARTS_AT_NS",
    "SERVICES",
    "SPEAKING",
    "Effect",
    "PythonService",
    "Reply",
    "Request",
    "Service",
    "ServiceInfo",
    "ServiceTemplate",
    "load_service",
]
