"""The floor boards: no domain word at all."""
