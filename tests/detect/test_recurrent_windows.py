"""Autoencoders of the core: the bits of the slow definition, alone, among others and in a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paranom_rs import SpecError
from paranom_rs._core import Affine, WindowNetwork
from reference import recurrent_windows as reference
from reference.recurrent_training import GATES, autoencoder_shapes


def made(seed: int, cell: str, d: int, units: int, layers: int, variational: bool) -> tuple[WindowNetwork, Any]:
    rng = np.random.default_rng(seed)
    shapes = autoencoder_shapes(cell, d, units, layers, variational)
    weights = [rng.normal(0, 0.7, shape).astype(np.float32) for shape in shapes]
    flat = np.concatenate([w.ravel() for w in weights])
    return WindowNetwork(cell, d, units, layers, variational, flat), weights


@given(
    st.integers(0, 2**32), st.sampled_from(sorted(GATES)), st.integers(1, 3), st.integers(1, 10), st.integers(1, 2),
    st.booleans(), st.integers(1, 6), st.sampled_from([1.0, 30.0, 1e9]),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_the_bits_of_the_definition(
    seed: int, cell: str, d: int, units: int, layers: int, variational: bool, rows: int, size: float
) -> None:
    network, weights = made(seed, cell, d, units, layers, variational)
    x = size * np.random.default_rng([seed, 1]).normal(size=(70, rows, d))
    latent = network.encode(x, threads=2)
    restored = network.decode(latent, rows + 1, threads=2)
    for k in (0, 17, 69):
        single = reference.encode(cell, layers, weights, x[k].astype(np.float32))
        assert (latent[k] == single).all()
        assert (restored[k] == reference.decode(cell, layers, weights, single, rows + 1)).all()
        assert (network.encode(x[k : k + 1]) == latent[k]).all()
        assert (network.decode(latent[k : k + 1], rows + 1) == restored[k]).all()
    x[17, 0, 0] = np.nan
    for loss in ("l1", "l2"):
        errors = network.errors(x, latent, loss, threads=2)
        for k in (0, 17, 69):
            single = reference.decode(cell, layers, weights, latent[k].astype(np.float32), rows)
            assert errors[k] == reference.error(single, x[k], loss)
            assert network.errors(x[k : k + 1], latent[k : k + 1], loss)[0] == errors[k]


@given(
    st.integers(0, 2**32), st.sampled_from(sorted(GATES)), st.integers(1, 3), st.booleans(),
    st.sampled_from([1, 2, 15, 16, 17, 33]), st.sampled_from(["latent", "l1", "l2"]),
)  # fmt: skip
@settings(deadline=None, max_examples=30)
def test_a_stream_gives_the_bits_of_its_windows(
    seed: int, cell: str, d: int, variational: bool, window: int, score: str
) -> None:
    network, _ = made(seed, cell, d, 7, 2, variational)
    rng = np.random.default_rng([seed, 1])
    center, scale, mean = rng.normal(size=d), 0.5 + rng.random(d), rng.normal(size=7)
    white = Affine(rng.normal(size=(7, 7)), np.zeros(7))
    if score == "latent":
        stream = network.latent_stream((center, scale, 2.0), (mean, white), window)
    else:
        stream = network.reconstruction_stream((center, scale, 2.0), score, window)
    rows = 3 * rng.normal(size=(80, d))
    rows[5, 0], rows[40, 0] = np.nan, np.inf
    for t, row in enumerate(rows):
        found = stream.take_one(row[0]) if d == 1 else stream.take(row)
        first = max(t + 1 - window, 0)
        assert np.array_equal(stream.recent(), rows[first : t + 1], equal_nan=True)
        if t + 1 < window or first <= 5 <= t:
            assert found is None
            continue
        scaled = np.clip((rows[first : t + 1] - center) / scale, -2.0, 2.0)
        latent = network.encode(scaled[None])
        if score == "latent":
            assert found == white.squared_lengths(latent - mean)[0]
        else:
            assert found == network.errors(scaled[None], latent, score)[0]


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    network, weights = made(0, "gru", 2, 3, 1, False)
    flat = np.concatenate([w.ravel() for w in weights])
    unit, three = (np.zeros(2), np.ones(2), 1e9), Affine(np.eye(3), np.zeros(3))
    stream = network.latent_stream(unit, (np.zeros(3), three), 4)
    stream.take(np.ones(2))
    for call, says in (
        (lambda: WindowNetwork("tcn", 2, 3, 1, False, flat), "cell"),
        (lambda: WindowNetwork("gru", 2, 3, 1, True, flat), "weights: must be"),
        (lambda: WindowNetwork("gru", 0, 3, 1, False, flat), "features"),
        (lambda: network.encode(np.zeros((1, 4, 3))), "windows: must have 2 columns"),
        (lambda: network.encode(np.zeros((1, 0, 2))), "windows: must have rows"),
        (lambda: network.decode(np.zeros((1, 2)), 4), "latent: must have 3 columns"),
        (lambda: network.latent_stream(unit, (np.zeros(2), three), 4), "must fit the network"),
        (lambda: network.latent_stream((np.zeros(1), np.ones(1), 1.0), (np.zeros(3), three), 4), "must fit the netw"),
        (lambda: network.latent_stream(unit, (np.zeros(3), three), 0), "window: must be 1 or more"),
        (lambda: network.reconstruction_stream(unit, "l3", 4), "loss: must be l1 or l2"),
        (lambda: network.errors(np.zeros((1, 4, 3)), np.zeros((1, 3)), "l1"), "windows: must have 2 columns"),
        (lambda: network.errors(np.zeros((2, 4, 2)), np.zeros((1, 3)), "l1"), "windows: must have 2 columns, and a"),
        (lambda: network.errors(np.zeros((1, 0, 2)), np.zeros((1, 3)), "l1"), "windows: must have rows"),
        (lambda: stream.take(np.ones(3)), "row: must have 2 numbers"),
        (lambda: stream.take_one(1.0), "row: must have 2 numbers"),
    ):
        with pytest.raises(SpecError, match=says):
            call()
    assert stream.recent().shape == (1, 2)
    assert network.encode(np.zeros((0, 4, 2))).shape == (0, 3)
    assert network.decode(np.zeros((2, 3)), 0).shape == (2, 0, 2)
    assert network.errors(np.zeros((0, 4, 2)), np.zeros((0, 3)), "l1").shape == (0,)
