"""The named stores of a service: what it remembers from one call to the next."""
