"""Who may ask a service what: bearer tokens, API keys and signed JWTs, with scopes."""
