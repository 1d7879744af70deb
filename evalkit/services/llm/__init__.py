"""Mock model providers: one script, and one package for each provider's way of speaking."""
