"""Runs scenarios: plans sessions into cells, runs each in a process of its own, yields events."""
