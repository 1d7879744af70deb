"""Agents written from the documentation alone."""
