"""How much a service takes: quotas that refuse, and a capacity that makes callers wait."""
