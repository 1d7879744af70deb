"""Services of kind `mcp`: tools, resources and prompts over the Model Context Protocol."""
