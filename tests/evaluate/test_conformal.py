"""The level of later parts of a series."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paranom_rs._internal.conformal import FEWEST_PARTS, MOST_PARTS, later_level


@given(st.integers(0, 2**32), st.integers(4, 400), st.integers(1, 50), st.sampled_from([0.01, 0.1, 0.5]))
def test_it_is_the_limit_of_a_prediction_interval(seed, count, least, share):
    scores = np.random.default_rng(seed).lognormal(size=count)
    parts = min(max(count // least, FEWEST_PARTS), MOST_PARTS)
    # NumPy gives the first parts one row more where they cannot be equal.
    edges = np.cumsum([0] + [count // parts + (i < count % parts) for i in range(parts)])
    levels = [np.quantile(scores[a:b], 1 - share) for a, b in itertools.pairwise(edges)]
    wanted = np.mean(levels) + stats.t.ppf(0.99, parts - 1) * np.std(levels, ddof=1) * math.sqrt(1 + 1 / parts)
    assert later_level(scores, share, least) == pytest.approx(wanted, rel=1e-3)


def test_a_further_part_stays_below_it():
    """Parts of different levels, as of a machine that drifts: 1 % of the further parts have more alarms than asked."""
    rng = np.random.default_rng(3)
    above = []
    for _ in range(2000):
        level = rng.normal(size=11)
        scores = level[:, None] + 0.01 * rng.normal(size=(11, 200))
        above.append((scores[10] > later_level(scores[:10].ravel(), 0.05, 200)).mean() > 0.05)
    assert np.mean(above) < 0.02


def test_few_and_equal_scores():
    assert later_level(np.ones(3), 0.01, 5) == -math.inf
    assert later_level(np.ones(1000), 0.01, 60) == 1.0
    assert later_level(np.arange(4.0), 0.01, 60) > 3
