"""The tests. A package, so that `agents` is the library of that name, not a folder of ours."""
