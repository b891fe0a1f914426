"""RAMP as ``paranom detect`` drives it: a sliding reference, a threshold calibrated on the first rows."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.frames import Frame
from paranom_rs.cli.engine import Engine
from paranom_rs.cli.verdicts import Verdicts, check_channels, columns_of
from paranom_rs.detect.live_settings import LEAST_THRESHOLD, LIVE_SETTINGS, robust_threshold
from paranom_rs.detect.ramp import RAMP, Scores
from paranom_rs.errors import SpecError

__all__ = ["RampEngine", "loaded_ramp", "make_ramp"]

#: Rows that are remembered where there are none to learn from.
REFERENCE = 60
#: The longest reference that is chosen; half of the calibration rows otherwise.
LONGEST = 2000


class RampEngine(Engine):
    """A calibrated RAMP, and its channels by name, in its order."""

    #: Settings of RAMP, unless options say otherwise.
    settings: ClassVar[dict[str, Any]] = {}

    @staticmethod
    def of_rows(scores: Floats, window: int) -> Floats:
        """Return the scores of rows, from those of the windows that end at them."""
        return scores

    def __init__(self, ramp: RAMP, channels: list[str]) -> None:
        self.ramp = ramp
        self.channels = channels

    @property
    def threshold(self) -> float:
        """Scores above it are anomalies."""
        level = self.ramp.threshold
        assert level is not None
        return level

    def describe(self) -> str:
        """Return its settings in a few words."""
        settings = self.ramp.settings
        return f"RAMP (window {settings['window']}, reference {settings['reference']}, {settings['refresh']})"

    def score(self, frame: Frame) -> Verdicts:
        """Score the next rows."""
        found = _scored(self.ramp, columns_of(frame, self.channels), frame.keys)
        score = np.where(found.time >= 0, found.score, np.nan)
        return Verdicts(score, found.is_anomaly, found.alarm, found.contributions)

    def save(self, path: Path) -> None:
        """Save the detector, as it is."""
        self.ramp.save(path)


def make_ramp(
    options: argparse.Namespace, rows: Frame | None, channels: list[str], kind: type[RampEngine] = RampEngine
) -> RampEngine:
    """Make a detector, and calibrate it on rows: settings that are not given come from them.

    Parameters
    ----------
    options
        ``window``, ``reference``, ``scale``, ``refresh``, ``threshold``, ``quantile``; None where not given.
    rows
        Ordinary rows; None where a threshold is given.
    channels
        The channels to look at.
    kind
        What drives it.

    Raises
    ------
    SpecError
        For too few rows.
    """
    settings = {name: value for name in ("window", "scale", "refresh") if (value := getattr(options, name)) is not None}
    settings = LIVE_SETTINGS | kind.settings | settings
    most = _rows_of_a_process(rows)
    # A short recording is compared in short pieces.
    if options.window is None and most is not None:
        settings["window"] = min(settings["window"], max(most // 10, 2))
    window = settings["window"]
    reference = options.reference or max(REFERENCE if most is None else min(most // 2, LONGEST), window + 1)
    settings |= {"reference": reference, "min_gap": window}
    ramp = RAMP(len(channels), threshold=1.0 if options.threshold is None else options.threshold, **settings)
    ramp.name_features(channels)
    if options.threshold is None:
        assert rows is not None
        trial = RAMP(len(channels), threshold=1.0, **settings | {"p_limit": 0.0})
        scores = kind.of_rows(_scored(trial, columns_of(rows, channels), rows.keys).score, window)
        scores = scores[~np.isnan(scores)]
        if not len(scores):
            rule = f"must leave rows behind the reference of {reference} and a window of {window}"
            raise SpecError("calibrate", rule, f"{len(rows)} rows")
        level = robust_threshold(scores)
        if options.quantile is not None:
            if not 0 <= options.quantile <= 1:
                raise SpecError("quantile", "must be from 0 to 1", str(options.quantile))
            level = max(float(np.quantile(scores, options.quantile)), LEAST_THRESHOLD)
        ramp.threshold = level
    return kind(ramp, channels)


def loaded_ramp(ramp: RAMP, path: Path, options: argparse.Namespace, channels: list[str], file: str) -> RampEngine:
    """Return a RAMP that goes on; its channels must be in the file.

    Raises
    ------
    SpecError
        For channels that are missing, and options that contradict what was saved.
    """
    names = list(getattr(ramp, "feature_names_in_", channels))
    check_channels(names, ramp.settings["n_features"], channels, file)
    for name in ("window", "reference", "scale", "refresh"):
        given = getattr(options, name)
        if given is not None and given != ramp.settings[name]:
            raise SpecError(name, f"must be {ramp.settings[name]!r}, as in {path}", repr(given))
    if options.quantile is not None:
        raise SpecError("quantile", f"must not be given: {path} has a threshold; --threshold sets another")
    if options.threshold is not None:
        ramp.threshold = options.threshold
    ramp.name_features(names)
    return RampEngine(ramp, names)


def _rows_of_a_process(rows: Frame | None) -> int | None:
    """Return how many rows there are to learn from, of the process that has most; None where nothing is learnt."""
    if rows is None:
        return None
    return len(rows) if rows.keys is None else max(Counter(rows.keys).values(), default=0)


def _scored(ramp: RAMP, X: Floats, keys: list[str] | None) -> Scores:
    return ramp.score(X) if keys is None else ramp.update_many(X, keys)
