"""A stored run as traces and metrics: OpenTelemetry's and Prometheus'."""
