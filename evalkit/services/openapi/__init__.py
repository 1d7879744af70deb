"""Services made from OpenAPI documents."""
