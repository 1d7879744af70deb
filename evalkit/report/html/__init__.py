"""The report of a run as one HTML file, and the index over runs: pure functions of stored runs."""
