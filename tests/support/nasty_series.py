"""Series with everything that real ones throw at a matrix profile, and what its results are compared with."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


def assert_close(values, expected, m):
    """Equal within rounding of the distance, or of its square where several neighbours are about as near."""
    assert values.shape == expected.shape
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(values), finite)
    a, b = values[finite], expected[finite]
    scale = np.maximum(b, 1)
    assert (a >= b - 1e-9 * scale).all()
    near = np.abs(a - b) <= 1e-9 * scale
    assert (near | (np.abs(a**2 - b**2) <= 1e-10 * m)).all(), np.abs(a - b).max()


def assert_consistent(values, indices, D):
    """What is reported is the distance of the two windows that are reported."""
    known = indices >= 0
    np.testing.assert_array_equal(known, np.isfinite(values))
    rows = np.nonzero(known)[0]
    exact = D[rows, indices[known]].astype(float)
    np.testing.assert_allclose(values[known], exact, rtol=1e-9, atol=1e-11)


@st.composite
def series(draw, least=8, most=160):
    """A series with everything that real ones throw at us."""
    n = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = {
        "noise": lambda: rng.normal(size=n),
        "walk": lambda: rng.normal(size=n).cumsum(),
        "periodic": lambda: np.sin(np.arange(n) * 2 * np.pi / 13),
        "integers": lambda: rng.integers(0, 3, n).astype(float),
        "ramp": lambda: np.arange(n) * 0.1,
    }[draw(st.sampled_from(["noise", "walk", "periodic", "integers", "ramp"]))]()
    x *= draw(st.sampled_from([1.0, 1.0, 1e-8, 1e8]))
    x += draw(st.sampled_from([0.0, 0.0, 1.0, 1e6, 1e8]))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, n - 1))
        size = draw(st.integers(1, max(n // 3, 1)))
        kind = draw(st.sampled_from(["nan", "inf", "constant", "spike", "copy", "scaled copy"]))
        part = x[at : at + size]
        if kind == "nan":
            part[:] = np.nan
        elif kind == "inf":
            part[0] = -np.inf
        elif kind == "constant":
            part[:] = part[0]
        elif kind == "spike":
            part[0] = 1e8
        else:
            source = x[: len(part)].copy()
            part[:] = source if kind == "copy" else 3 * source + 1
    return x
