"""What happened in a world: its records in order, and how they are told apart."""
