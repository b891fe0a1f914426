"""The pictures of motifs, chains, segments, snippets and consensus motifs show what was found."""

from __future__ import annotations

import numpy as np
import pytest

from paranom_rs import (
    SpecError,
    all_chains,
    consensus_motif,
    fluss,
    matrix_profile,
    matrix_profile_multidimensional,
    snippets,
)

pytest.importorskip("matplotlib")

from paranom_rs.plotting.findings import (
    plot_chains,
    plot_consensus,
    plot_motifs,
    plot_segmentation,
    plot_snippets,
)

RNG = np.random.default_rng(0)
X = np.concatenate([np.sin(np.arange(900) / 5), np.arange(600) % 40 / 20.0]) + 0.05 * RNG.normal(size=1500)
X[700] = np.nan
FOUND = matrix_profile(X, 60)


def spans(axis):
    return sorted(round(patch.get_x()) for patch in axis.patches)


def test_motifs_are_marked_and_shown():
    motifs = FOUND.motifs(4)
    figure = plot_motifs(FOUND, motifs)
    assert spans(figure.axes[0]) == sorted(start for m in motifs for start in m[:2])
    assert len(figure.axes) == 5
    assert all(len(line.get_xdata()) == 60 for axis in figure.axes[1:] for line in axis.lines)
    joined = matrix_profile(X[:600], 60)
    assert len(plot_motifs(joined, []).axes) == 1


def test_chains_are_marked_and_shown():
    chains = all_chains(FOUND)[:2]
    figure = plot_chains(FOUND, chains)
    assert spans(figure.axes[0]) == sorted(int(start) for chain in chains for start in chain)
    assert [len(axis.lines) for axis in figure.axes[1:]] == [len(chain) for chain in chains]


def test_changes_are_marked():
    segmentation = fluss(FOUND, 2)
    figure = plot_segmentation(FOUND, segmentation)
    for axis in figure.axes:
        assert axis.lines[-1].get_xdata()[0] == segmentation.changes[0]
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), segmentation.curve)


def test_snippets_are_shown():
    found = snippets(X, 100, 2)
    figure = plot_snippets(X, found)
    assert len(figure.axes) == 3
    assert spans(figure.axes[0]) == sorted([a for s in found for a, _ in s.regimes] + [s.start for s in found])


def test_consensus_motifs_are_shown():
    parts = [X[:500], X[450:900], X[100:700]]
    motif = consensus_motif(parts, 60)
    figure = plot_consensus(parts, motif)
    assert [spans(axis)[0] for axis in figure.axes[:-1]] == motif.starts
    with pytest.raises(SpecError, match="series: must be the 3 series"):
        plot_consensus(parts[:2], motif)


def test_several_series_are_refused():
    found = matrix_profile_multidimensional(np.stack([X, X], axis=1), 60)
    for plot in (plot_motifs, plot_chains):
        with pytest.raises(SpecError, match="found: must be the matrix profile of one series"):
            plot(found, [])
