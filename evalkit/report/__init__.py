"""Reports: pure functions of a stored run."""
