"""A Python class as a service."""
