"""The executable specification: slow, readable, NumPy only."""
