"""How good a detector is, and how good a dataset."""
