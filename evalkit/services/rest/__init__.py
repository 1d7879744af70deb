"""Services of kind `rest`: routes with templated replies and declared effects."""
