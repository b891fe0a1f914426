"""A fitted detector as bytes and as a file, with the state of its stream; copies and pickles of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import checks, levels
from paranom_rs._internal.atomic import whole_file
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.detect.detector_file import DetectorState, pack, unpack_of
from paranom_rs.detect.parameters import Parameters
from paranom_rs.errors import ParanomError, StateError

#: What a file raises whose values do not fit each other.
_MISFITS = (ParanomError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)


class Saved(Parameters, ABC):
    """What a detector keeps, and its files."""

    threshold_: float
    causal_threshold_: float
    decision_scores_: Floats
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    window_: int
    #: The lowest training score: that of rows without a complete window.
    _floor: float
    #: The last rows of the stream, ``window_`` at most, and how many there were.
    _recent: Floats
    _seen: int
    #: Channels whose level is followed, and the rows of the stream that their level comes from.
    _wandering: Flags
    _before: Floats
    #: Where the values of each channel lie in training, (2, d).
    _range: Floats

    # ---- what a class fills in

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the learnt values and arrays that the class adds, for a file."""
        return {}, {}

    @abstractmethod
    def _restore(self, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Take what `_state` returned; KeyError, TypeError, ValueError for what does not fit."""

    @abstractmethod
    def _check_fitted(self) -> None:
        """Raise NotFittedError before `fit`."""

    @abstractmethod
    def _batch(self, rows: Floats) -> Floats:
        """Return the scores of a series, (n,)."""

    @abstractmethod
    def _label(self) -> None:
        """Set ``labels_`` by the scores of the training rows and the threshold."""

    # ---- files

    def to_bytes(self) -> bytes:
        """Return the fitted detector, with the state of its stream, as bytes.

        Raises
        ------
        NotFittedError
            Before `fit`.
        SpecError
            Where parameters say by now that a network has another size than it has.
        """
        self._check_fitted()
        values, arrays = self._state()
        names = [str(name) for name in self.feature_names_in_] if hasattr(self, "feature_names_in_") else None
        common = {
            "threshold_": self.threshold_, "causal_threshold_": self.causal_threshold_, "floor": self._floor,
            "n_features_in_": self.n_features_in_, "window_": self.window_, "names": names, "seen": self._seen,
            "wandering": self._wandering.tolist(),
        }  # fmt: skip
        kept = {
            "decision_scores_": self.decision_scores_,
            "recent": self._recent,
            "before": self._before,
            "range": self._range,
        }
        state = DetectorState(
            type(self).__name__, self.get_params(), {**common, "own": values}, {**kept, **_prefixed(arrays)}
        )
        return pack(state)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the detector that `to_bytes` gave: same scores, and its stream goes on. Runs no code from the bytes.

        Raises
        ------
        StateError
            For bytes that are cut off, changed, foreign, of another version, or of another detector.
        """
        state = unpack_of(data, cls.__name__)
        try:
            made = cls(**state.parameters)
            made._take_state(state)
            # What loads works: the arrays fit each other.
            made._batch(np.zeros((made.window_ + 1, made.n_features_in_)))
        except _MISFITS as error:
            raise StateError(f"a damaged file of {cls.__name__}: {error}") from None
        return made

    def _take_state(self, state: DetectorState) -> None:
        values, arrays = state.values, state.arrays
        self.n_features_in_ = checks.whole("n_features_in_", values["n_features_in_"], least=1)
        self.window_ = checks.whole("window_", values["window_"], least=1, most=2**20)
        if values["names"] is not None:
            names = [str(name) for name in values["names"]]
            if len(names) != self.n_features_in_:
                raise ValueError("its names are not those of its channels")
            self.feature_names_in_ = np.array(names, dtype=object)
        self.threshold_ = checks.real("threshold_", values["threshold_"])
        self.causal_threshold_ = checks.real("causal_threshold_", values["causal_threshold_"])
        self._floor = checks.real("floor", values["floor"])
        self.decision_scores_ = _floats(arrays["decision_scores_"], 1)
        self._recent = _floats(arrays["recent"], 2, self.n_features_in_)
        self._seen = checks.whole("seen", values["seen"])
        self._wandering = np.array([checks.flag("wandering", x) for x in values["wandering"]], dtype=bool)
        self._before = _floats(arrays["before"], 2, self.n_features_in_)
        self._range = _floats(arrays["range"], 2, self.n_features_in_)
        if len(self._range) != 2:
            raise ValueError("its range is no range")
        if self._wandering.shape != (self.n_features_in_,) or len(self._before) > levels.ROWS:
            raise ValueError("its levels are not those of its channels")
        if len(self._recent) != min(self._seen, self.window_):
            raise ValueError("its stream holds another number of rows than it has seen")
        self._restore(dict(values["own"]), {name[4:]: a for name, a in arrays.items() if name.startswith("own.")})
        self._label()

    def save(self, path: str | PathLike[str]) -> None:
        """Write `to_bytes` to a file, whole or not at all. `paranom_rs.load_detector` reads it."""
        data = self.to_bytes()
        with whole_file(checks.file_path(path)) as temporary:
            temporary.write_bytes(data)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Return the detector that `save` wrote; as `from_bytes`."""
        return cls.from_bytes(checks.file_path(path).read_bytes())

    def __copy__(self) -> Self:
        made = type(self).__new__(type(self))
        vars(made).update(vars(self))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        if hasattr(self, "threshold_"):
            return _from_bytes, (type(self), self.to_bytes())
        return _unfitted, (type(self), self.get_params())


def _prefixed(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"own.{name}": array for name, array in arrays.items()}


def _floats(array: NDArray[Any], dimensions: int, columns: int | None = None) -> Floats:
    if array.ndim != dimensions or array.dtype != np.float64 or columns not in (None, array.shape[-1]):
        raise ValueError(f"an array of {array.dtype} and shape {array.shape}")
    return array


def _from_bytes(cls: type[Saved], data: bytes) -> Saved:
    return cls.from_bytes(data)


def _unfitted(cls: type[Saved], parameters: dict[str, Any]) -> Saved:
    return cls(**parameters)
