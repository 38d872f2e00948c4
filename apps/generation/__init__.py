"""The workshop: turns a request into text."""
