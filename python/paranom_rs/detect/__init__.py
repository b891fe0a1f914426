"""Detectors that need NumPy only."""
