"""Learns a generator from a recording: one module for each thing that is learnt."""
