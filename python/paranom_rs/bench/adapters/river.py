"""River: ``river:HalfSpaceTrees``. Features are scaled to 0 to 1; each row is scored, then learnt, as in a stream."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np

from paranom_rs._internal.checks import Floats
from paranom_rs.bench.adapters.library import library, unknown


def find(name: str) -> Callable[..., Any]:
    """Return what makes a River detector of this name, with River's keywords."""
    anomaly = library("river.anomaly")
    known = [n for n, c in vars(anomaly).items() if inspect.isclass(c) and hasattr(c, "score_one")]
    if name not in known:
        raise unknown(name, "River", known)
    return partial(OneByOne, getattr(anomaly, name))


class OneByOne:
    """A River detector that has seen the training rows, and then goes through the others."""

    def __init__(self, made: Callable[..., Any], **keywords: Any) -> None:
        self.model = library("river.preprocessing").MinMaxScaler() | made(**keywords)

    def fit(self, X: Floats) -> Self:
        """Learn row after row; the scores before learning are ``decision_scores_``."""
        self.decision_scores_ = self._pass(self.model, X)
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Score and learn row after row, from what `fit` has learnt on."""
        return self._pass(copy.deepcopy(self.model), X)

    def _pass(self, model: Any, X: Floats) -> Floats:
        found = np.empty(len(X))
        for i, row in enumerate(X.tolist()):
            features = dict(enumerate(row))
            found[i] = model.score_one(features)
            model.learn_one(features)
        return found
