"""The command line of evalkit: one file per command."""

from evalkit.cli.app import main

__all__ = ["main"]
