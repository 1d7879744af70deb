"""The live world: real sockets on loopback, a real clock, and agents that are processes."""
