"""Mutated states under a right checksum: refused, or they work and are saved. `support.state_fuzz` runs many more."""

from __future__ import annotations

from support.state_fuzz import run


def test_mutated_states_are_refused_or_work() -> None:
    counts, faults = run(700, seed=1)
    assert not faults, faults[0]
    assert counts["refused"] > 100
    assert counts["works"] > 100
