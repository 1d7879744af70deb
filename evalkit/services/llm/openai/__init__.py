"""OpenAI's API: chat completions, responses, embeddings, models; also as Azure mounts it."""
