"""The Jinja2 sandbox of templates: what they may use, and how much work they may make."""
