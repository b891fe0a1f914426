"""Generators learnt from a recording, ours and others, by the same figures.

    pip install synforecast==0.2.0 deepecho==0.8.1     # in an environment of its own
    python benches/peers/fit.py FOLDER

FOLDER holds shuttle/, ucr/ and nab/, as for ``paranom_rs.experiments.fit``. What is not installed is left out. Each
gets the rows of one recording and gives as many. SDV's PARSynthesizer is deepecho's PARModel with other columns: it
wants many short sequences, and gets pieces of 128 rows (``segment_size``).
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from paranom_rs import Generator
from paranom_rs.experiments.fit import recordings
from paranom_rs.generate.fit.likeness import channel_likeness, copied_share, separability

NAMES = ("UCR 135", "shuttle TEK17", "machine temperature")
PIECE = 128
#: Rounds of training of PARModel, which has 128 by default.
EPOCHS = 16
#: Of more rows, it was stopped after 15 minutes.
MOST_ROWS_OF_PAR = 2000

Make = Callable[[np.ndarray], np.ndarray]


def paranom(method: str) -> Make:
    """What `Generator.fit` learns by a method."""
    return lambda x: Generator.fit(x, method=method).generator.generate(len(x)).X[:, 0]


def bootstrap(x: np.ndarray) -> np.ndarray:
    """Blocks of 128 rows from anywhere, one after the other."""
    starts = np.random.default_rng(0).integers(0, len(x) - PIECE, -(-len(x) // PIECE))
    return np.concatenate([x[start : start + PIECE] for start in starts])[: len(x)]


def synforecast(strategy: str) -> Make:
    """SynAugment: a generator that it chooses and fits (augment), or blocks of remainders (mbb)."""
    from synforecast import SynAugment

    def make(x: np.ndarray) -> np.ndarray:
        times = pd.date_range("2026-01-01", periods=len(x), freq="min")
        series = pd.DataFrame({"unique_id": "x", "ds": times, "y": x})
        made = getattr(SynAugment(seed=0), strategy)(series, n_augment=1)
        return made.loc[made["unique_id"] != "x", "y"].to_numpy(np.float64)[: len(x)]

    return make


def par() -> Make:
    """PARModel, told pieces of the recording."""
    from deepecho import PARModel

    def make(x: np.ndarray) -> np.ndarray:
        model = PARModel(epochs=EPOCHS, verbose=False, cuda=False)
        model.fit(pd.DataFrame({"x": x}), data_types={"x": "continuous"}, segment_size=PIECE)
        pieces = [model.sample_sequence([], PIECE)[0] for _ in range(-(-len(x) // PIECE))]
        return np.concatenate([np.asarray(piece, np.float64) for piece in pieces])[: len(x)]

    return make


def main() -> None:
    """Print a line for each recording and generator."""
    warnings.simplefilter("ignore")
    makers: dict[str, Callable[[], Make]] = {
        "paranom, auto": lambda: paranom("auto"),
        "paranom, rules": lambda: paranom("rules"),
        "moving-block bootstrap": lambda: bootstrap,
        "synforecast, augment": lambda: synforecast("augment"),
        "synforecast, mbb": lambda: synforecast("mbb"),
        "PARModel (SDV)": par,
    }
    print("| recording | generator | told apart | copied | acf | quantiles | CPU s |\n|---|---|---|---|---|---|---|")
    for name, x in recordings(Path(sys.argv[1])):
        if name not in NAMES:
            continue
        for label, maker in makers.items():
            if maker is par and len(x) > MOST_ROWS_OF_PAR:
                continue
            try:
                make = maker()
                begin = time.process_time()
                made = make(x[:, 0])
            except Exception as error:
                print(f"| {name} | {label} | {type(error).__name__}: {str(error)[:80]} | | | | |", flush=True)
                continue
            seconds = time.process_time() - begin
            made = np.where(np.isfinite(made), made, x.mean())[:, None]
            likeness = channel_likeness(x[:, 0], made[:, 0])
            print(
                f"| {name} | {label} | {separability(x, made):.2f} | {copied_share(x, made, x.std(axis=0)):.0%} "
                f"| {likeness.autocorrelation:.3f} | {likeness.quantiles:.1%} | {seconds:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
