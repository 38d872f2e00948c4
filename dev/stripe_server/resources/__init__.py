"""One module per kind of object: the calls about it, and what else makes or changes it."""
