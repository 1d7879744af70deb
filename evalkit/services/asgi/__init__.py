"""Any ASGI application as a service."""
