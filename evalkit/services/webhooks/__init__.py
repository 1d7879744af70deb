"""Webhooks: requests that a service makes of the agent's own endpoint."""
