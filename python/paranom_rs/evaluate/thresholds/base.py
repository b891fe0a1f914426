"""What every rule for a threshold has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs._internal.estimator import Estimator
from paranom_rs._internal.frames import Frame
from paranom_rs.errors import SpecError


class Threshold(Estimator, ABC):
    """A rule that turns scores into a threshold.

    Attributes
    ----------
    threshold_
        What `fit` found. A row is anomalous where its score is above it.

    Examples
    --------
    >>> from paranom_rs.evaluate.thresholds import KSigma, Quantile, Threshold
    >>> for rule in (Quantile(0.9), KSigma(3)):
    ...     isinstance(rule, Threshold)
    True
    True
    """

    needs_labels = False
    threshold_: float

    def fit(self, scores: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn ``threshold_``.

        Parameters
        ----------
        scores
            Shape (n,). Higher is more anomalous.
        y
            Labels, shape (n,): 1 anomalous, 0 normal. Only `FBeta` needs them; the others leave out anomalous rows.

        Returns
        -------
        self

        Raises
        ------
        SpecError
            For NaN, lengths that differ, no labels where they are needed, or scores without a threshold.
        """
        s = checks.scores("scores", scores)
        checks.same_order("y", y, scores)
        flags = None if y is None else checks.labels("y", y)
        if flags is not None and len(flags) != len(s):
            raise SpecError("y", f"must have {len(s)} rows, as scores has", str(len(flags)))
        if self.needs_labels:
            if flags is None:
                raise SpecError("y", f"must be given: {type(self).__name__} learns from labels")
            checks.both_classes("y", flags)
        elif flags is not None:
            if flags.all():
                raise SpecError("y", "must hold a normal row, to learn a threshold from")
            s, flags = s[~flags], None
        with np.errstate(invalid="ignore"):
            found = float(self._find(s, flags))
        if np.isnan(found):
            raise SpecError("scores", f"must be finite for {type(self).__name__}", "an infinity")
        self.threshold_ = found
        return self

    @abstractmethod
    def _find(self, s: Floats, y: Flags | None) -> float: ...

    def predict(self, scores: ArrayLike) -> Any:
        """Return 1 where ``score > threshold_``, else 0; int8, shape (n,).

        Scores of pandas, polars or Arrow give a column of that library, with its index.
        """
        flags = (checks.scores("scores", scores) > self.threshold_).astype(np.int8)
        return Frame.of("scores", scores).wrap(flags, "is_anomaly")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_params() == other.get_params()

    def __hash__(self) -> int:
        return hash(repr(self))
