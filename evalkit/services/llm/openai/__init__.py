"""Services of kind `openai`: chat completions as OpenAI's API speaks them."""
