"""A RAMP for each key of a stream, kept as bytes between calls: what the streaming engines' adapters are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import shown
from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import SpecError, SpecTypeError

__all__ = ["KeyedRAMP"]


class KeyedRAMP:
    """The same detector settings for every key.

    Parameters
    ----------
    features
        The fields of a record that are the channels, in this order. An absent one, or None, is a missing sample.
    **settings
        As `RAMP` takes them, without ``n_features``: ``window``, ``reference``, ``threshold``, …

    Raises
    ------
    SpecError, SpecTypeError
        For settings that `RAMP` refuses: here, not in the first worker.

    Examples
    --------
    >>> from paranom_rs.connect.keyed import KeyedRAMP
    >>> keyed = KeyedRAMP(["x"], window=5, reference=20, threshold=1.0)
    >>> ramp = keyed.load(None)
    >>> found = keyed.score(ramp, [{"x": float(i % 4)} for i in range(30)])
    >>> len(found), len(ramp.to_bytes()) > 0
    (30, True)
    """

    def __init__(self, features: Iterable[str], **settings: Any) -> None:
        names = () if isinstance(features, str) else tuple(features)
        if isinstance(features, str) or not all(isinstance(name, str) for name in names):
            raise SpecTypeError("features", "must be names of fields", shown(features))
        if len(set(names)) < len(names):
            raise SpecError("features", "must be different names", str(", ".join(names)))
        self.features = names
        self.settings = settings
        self.new()

    def new(self) -> RAMP:
        """Return the detector that a new key starts with."""
        ramp = RAMP(len(self.features), **self.settings)
        ramp.name_features(self.features)
        return ramp

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """The features, (d,)."""
        return np.array(self.features, dtype=object)

    def load(self, state: bytes | None) -> RAMP:
        """Return the detector of a key from what `RAMP.to_bytes` gave, or a new one; SpecError for other features."""
        if state is None:
            return self.new()
        ramp = RAMP.from_bytes(state)
        ramp.name_features(self.features)
        return ramp

    def score(self, ramp: RAMP, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Give the records, oldest first, to a key's detector; return for each what it found.

        Each is a dict of ``score`` (float; None while the detector fills), ``is_anomaly``, ``alarm`` (bool), ``time``
        (int, what feedback refers to; None while it fills) and ``channel`` (the feature with the largest contribution
        to an anomaly, else None).
        """
        rows = [[_number(record.get(name)) for name in self.features] for record in records]
        found = ramp.score(np.array(rows, dtype=np.float64).reshape(len(rows), len(self.features)))
        results = []
        for i in range(len(rows)):
            filled = found.time[i] >= 0
            anomaly = bool(found.is_anomaly[i])
            results.append(
                {
                    "score": None if np.isnan(found.score[i]) else float(found.score[i]),
                    "is_anomaly": anomaly,
                    "alarm": bool(found.alarm[i]),
                    "time": int(found.time[i]) if filled else None,
                    "channel": self.features[int(found.contributions[i].argmax())] if anomaly else None,
                }
            )
        return results


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
