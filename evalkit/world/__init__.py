"""The simulated world: a virtual clock, a network in memory, threads that take turns, chance."""
