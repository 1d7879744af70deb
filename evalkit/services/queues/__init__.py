"""Queues of messages: published, taken for a while, and given out again until acknowledged."""
