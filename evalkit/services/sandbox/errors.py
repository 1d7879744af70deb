"""What goes wrong when a template is rendered."""

from __future__ import annotations

from evalkit.errors import EvalkitError


class RenderError(EvalkitError):
    """A template cannot be rendered with these variables, or asks for too much."""
