"""The services of a test behind ordinary HTTP clients, without a world: see `mocked`."""
