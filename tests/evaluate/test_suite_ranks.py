"""The experiment that compares suites with real sets by the ranks of detectors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from paranom_rs.experiments import suite_ranks, window_detectors
from paranom_rs.experiments.suite_ranks import Measured
from reference import comparison as slow

RNG = np.random.default_rng(0)


def found(name: str, count: int, tilt: float) -> list[Measured]:
    """Figures that rise with the detector's number as much as ``tilt`` says."""
    rise = tilt * np.arange(len(suite_ranks.DETECTORS))
    return [
        Measured(name, f"base-{'abc'[i % 3]}-{'xy'[i % 2]}", (RNG.random(len(rise)) + rise).tolist(), 0.5)
        for i in range(count)
    ]


def test_agreement_is_the_mean_of_spearmans_correlations():
    given = {name: found(name, count, tilt) for name, count, tilt in (("a", 5, 0.3), ("b", 4, 0.1), ("c", 3, -0.1))}
    sets = suite_ranks.by_set([x for part in given.values() for x in part])
    held = {name: np.array(slow.mean_ranks([x.figures for x in part])) for name, part in given.items()}
    pairs = [spearmanr(held[p], held[q])[0] for p, q in (("a", "b"), ("a", "c"), ("b", "c"))]
    assert suite_ranks.among(sets) == pytest.approx(np.mean(pairs))
    others = [spearmanr(held[p], (held[q] + held[r]) / 2)[0] for p, q, r in ("abc", "bac", "cab")]
    assert suite_ranks.with_others(sets) == pytest.approx(np.mean(others))
    measured = found("s", 6, 0.2)
    suite = suite_ranks.by_set(measured)["s"]
    here = slow.mean_ranks([x.figures for x in measured])
    assert suite_ranks.with_sets(suite, sets) == pytest.approx(np.mean([spearmanr(here, x)[0] for x in held.values()]))
    mean = np.mean(list(held.values()), axis=0)
    assert suite_ranks.with_mean(suite, sets) == pytest.approx(spearmanr(here, mean)[0])


def test_tables_tell_suites_families_and_sets(monkeypatch):
    monkeypatch.setattr(suite_ranks, "DRAWS", 20)
    there = [*found("NAB", 5, 0.3), *found("UCR", 4, 0.1)]
    made = suite_ranks.tables({"graded-2": found("graded-2", 12, 0.3)}, there, 0)
    assert "| graded-2 |" in made["Spearman's correlation of mean ranks"]
    assert "| graded-2 | b | 4 |" in made["Parts of the suites"]
    assert made["Mean ranks"].count("\n") == len(suite_ranks.DETECTORS) + 1


def test_what_was_measured_is_not_measured_again(tmp_path):
    path = tmp_path / "real.jsonl"
    first = found("NAB", 3, 0.1)
    path.write_text("".join(suite_ranks.json.dumps(x) + "\n" for x in first))

    def never():
        raise AssertionError

    assert suite_ranks.measured(never, path, 1) == first


@pytest.mark.parametrize("name", suite_ranks.OTHERS)
def test_the_other_detectors_find_a_jump(name):
    train, test = (np.sin(np.arange(n) / 5)[:, None] * [1, 2] + 0.1 * RNG.normal(size=(n, 2)) for n in (400, 300))
    test[150:170] = 4.0 + RNG.normal(size=(20, 2))
    test[10, 0] = np.nan
    scores = getattr(window_detectors, name)().fit(train).decision_function(test)
    assert scores.shape == (300,)
    assert np.isfinite(scores).all()
    assert scores[150:170].mean() > 1.2 * np.median(scores)
