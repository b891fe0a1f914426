# Mirrors rust/paranom-py/src, file by file; checked by stubtest.
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import disjoint_base

__all__ = [
    "Affine",
    "Context",
    "CsvBlock",
    "Detection",
    "Draws",
    "FillState",
    "Function",
    "MatrixProfileStream",
    "NearestIndex",
    "Plan",
    "RampCore",
    "RecurrentNetwork",
    "RecurrentTrainer",
    "ScoreStream",
    "WindowNetwork",
    "arrow_stream",
    "build_info",
    "duplicates",
    "file_metadata",
    "found_by_one_liners",
    "matrix_profile_ab_join",
    "matrix_profile_ab_join_both",
    "matrix_profile_consensus",
    "matrix_profile_distances",
    "matrix_profile_left_discords",
    "matrix_profile_left_discords_in_file",
    "matrix_profile_mpdist_profile",
    "matrix_profile_multidimensional",
    "matrix_profile_multidimensional_ab_join",
    "matrix_profile_pan",
    "matrix_profile_self_join",
    "matrix_profile_subspaces",
    "one_liners",
    "prepare",
    "ramp_replay",
    "unpack_file",
    "verify_file",
    "write_generated",
    "write_table",
]

# arrow.rs
def arrow_stream(columns: Sequence[tuple[str, Any]], times: Sequence[tuple[str, str | None]]) -> object: ...

# context.rs, draws.rs, callback.rs
@final
class Context:
    @property
    def row(self) -> int: ...
    @property
    def t(self) -> Any: ...
    @property
    def previous(self) -> tuple[float, ...]: ...
    @property
    def attempt(self) -> int: ...
    @property
    def event(self) -> int | None: ...
    @property
    def offset(self) -> int: ...
    @property
    def duration(self) -> int: ...
    @property
    def rng(self) -> Draws: ...

@final
class CsvBlock:
    @staticmethod
    def of(text: str, /, *, lines: int, delimiter: int, width: int) -> CsvBlock | None: ...
    def __len__(self) -> int: ...
    def texts(self, column: int) -> list[str]: ...
    def floats(self, column: int, /, *, comma: bool) -> NDArray[np.float64] | None: ...
    def wholes(self, column: int) -> NDArray[np.int64] | None: ...
    def times(self, column: int) -> tuple[NDArray[np.int64], bool] | None: ...

@final
class Draws:
    def random(self) -> float: ...
    def uniform(self, low: float = 0.0, high: float = 1.0) -> float: ...
    def normal(self, mean: float = 0.0, std: float = 1.0) -> float: ...
    def integers(self, low: int, high: int | None = None) -> int: ...
    def choice(self, items: Any) -> Any: ...

@final
class Function:
    def __new__(cls, call: Any, name: str, /, *, vectorized: bool, allow_nan: bool) -> Function: ...
    @staticmethod
    def native(owner: Any, address: int, name: str, /, *, allow_nan: bool) -> Function: ...
    @property
    def name(self) -> str: ...

# files.rs
def file_metadata(path: str | PathLike[str], /, *, format: str) -> dict[str, str]: ...
def verify_file(
    plan: Plan,
    path: str | PathLike[str],
    start: int,
    /,
    *,
    whole_last: int,
    clean: bool,
    format: str,
    single: bool,
    blocks: int,
) -> tuple[tuple[int | None, str, str, str] | None, int, int]: ...
def unpack_file(path: str | PathLike[str], into: str | PathLike[str], /, *, packing: str) -> None: ...
def write_generated(
    plan: Plan,
    path: str | PathLike[str],
    start: int,
    rows: int,
    /,
    *,
    whole_last: int,
    clean: bool,
    event_names: bool,
    labels: bool,
    timeeval: bool,
    format: str,
    packing: str | None,
    single: bool,
    group_rows: int | None,
    zstd: bool,
    metadata: Sequence[tuple[str, str]],
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> None: ...
def write_table(
    columns: Sequence[tuple[str, Any]],
    times: Sequence[tuple[str, str | None]],
    path: str | PathLike[str],
    /,
    *,
    format: str,
    packing: str | None,
    zstd: bool,
    metadata: Sequence[tuple[str, str]],
) -> None: ...

# info.rs
def build_info() -> dict[str, Any]: ...

# left_discords.rs

def matrix_profile_left_discords(
    x: NDArray[np.float64],
    window: int,
    *,
    columns: tuple[int, bool, list[int], int] | None,
    count: int,
    start: int,
    apart: int,
    distance: str,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> list[tuple[int, float, int]]: ...
def matrix_profile_left_discords_in_file(
    path: str | PathLike[str],
    offset: int,
    values: int,
    dtype: str,
    window: int,
    *,
    columns: tuple[int, bool, list[int], int] | None,
    count: int,
    start: int,
    apart: int,
    distance: str,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> list[tuple[int, float, int]]: ...

# matrix_profile.rs
_Neighbours = tuple[NDArray[np.float64], NDArray[np.int64]]
_Profiles = tuple[_Neighbours, tuple[_Neighbours, _Neighbours] | None]

def matrix_profile_self_join(
    x: NDArray[np.float64],
    window: int,
    *,
    distance: str,
    k: int,
    fraction: float,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> _Profiles: ...
def matrix_profile_ab_join(
    x: NDArray[np.float64],
    reference: NDArray[np.float64],
    window: int,
    *,
    distance: str,
    k: int,
    fraction: float,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> _Profiles: ...
def matrix_profile_ab_join_both(
    x: NDArray[np.float64],
    reference: NDArray[np.float64],
    window: int,
    *,
    distance: str,
    k: int,
    fraction: float,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> tuple[_Profiles, _Profiles]: ...
def matrix_profile_multidimensional(
    x: NDArray[np.float64],
    window: int,
    *,
    distance: str,
    include: Sequence[int],
    fraction: float,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> _Profiles: ...
def matrix_profile_subspaces(
    x: NDArray[np.float64],
    window: int,
    index: NDArray[np.int64],
    level: int,
    *,
    distance: str,
    include: Sequence[int],
) -> NDArray[np.int64]: ...
def matrix_profile_consensus(
    series: list[NDArray[np.float64]], window: int, *, distance: str, threads: int | None
) -> tuple[int, int, list[int], list[float]] | None: ...
def matrix_profile_mpdist_profile(
    query: NDArray[np.float64],
    x: NDArray[np.float64],
    window: int,
    rank: int,
    *,
    distance: str,
    threads: int | None,
) -> NDArray[np.float64]: ...
def matrix_profile_multidimensional_ab_join(
    x: NDArray[np.float64],
    reference: NDArray[np.float64],
    window: int,
    *,
    distance: str,
    include: Sequence[int],
    fraction: float,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> _Profiles: ...
def matrix_profile_distances(
    query: NDArray[np.float64], x: NDArray[np.float64], *, distance: str, threads: int | None
) -> NDArray[np.float64]: ...

@final
class MatrixProfileStream:
    def __new__(cls, windows: list[int], history: int, n_features: int) -> MatrixProfileStream: ...
    @property
    def windows(self) -> list[int]: ...
    @property
    def history(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def seen(self) -> int: ...
    @property
    def index(self) -> list[int]: ...
    def update(self, x: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def update_each(self, x: float) -> NDArray[np.float64]: ...
    def update_one(self, x: float) -> float: ...
    def recent(self, at: int, level: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
    def correlations(self) -> NDArray[np.float64]: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> MatrixProfileStream: ...

# nearest.rs
@final
class NearestIndex:
    def __new__(cls, rows: NDArray[np.float64], window: int, most: int) -> NearestIndex: ...
    def __len__(self) -> int: ...
    def distances(
        self, rows: NDArray[np.float64], k: int, threads: int | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...

# recurrent.rs
@final
class Affine:
    def __new__(cls, weights: NDArray[np.float64], bias: NDArray[np.float64]) -> Affine: ...
    def squared_lengths(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]: ...

@final
class RecurrentNetwork:
    def __new__(
        cls,
        cell: str,
        layers: Sequence[tuple[NDArray[np.float64], ...]],
        head: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> RecurrentNetwork: ...
    @property
    def state(self) -> int: ...
    def run(
        self, x: NDArray[np.float64], state: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

# recurrent_windows.rs
_TrainingState = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], int]

@final
class RecurrentTrainer:
    @staticmethod
    def autoencoder(
        cell: str, features: int, units: int, layers: int, variational: bool, loss: str, state: _TrainingState
    ) -> RecurrentTrainer: ...
    @staticmethod
    def forecaster(
        features: int,
        units: int,
        layers: int,
        horizon: int,
        starts: tuple[NDArray[np.float32], NDArray[np.float32]],
        state: _TrainingState,
    ) -> RecurrentTrainer: ...
    def epoch(
        self,
        windows: NDArray[np.float32],
        order: NDArray[np.int64],
        size: int,
        rates: NDArray[np.float64],
        *,
        clip: float | None = None,
        weight: float = 0.0,
        noise: NDArray[np.float32] | None = None,
        threads: int | None = None,
    ) -> float: ...
    def losses(
        self, windows: NDArray[np.float32], *, weight: float = 0.0, threads: int | None = None
    ) -> NDArray[np.float64]: ...
    def gradient(
        self, windows: NDArray[np.float32], *, weight: float = 0.0, noise: NDArray[np.float32] | None = None
    ) -> tuple[float, NDArray[np.float32]]: ...
    def state(self) -> _TrainingState: ...

@final
class WindowNetwork:
    def __new__(
        cls, cell: str, features: int, units: int, layers: int, variational: bool, weights: NDArray[np.float32]
    ) -> WindowNetwork: ...
    def encode(self, windows: NDArray[np.float64], *, threads: int | None = None) -> NDArray[np.float64]: ...
    def decode(self, latent: NDArray[np.float64], rows: int, *, threads: int | None = None) -> NDArray[np.float64]: ...
    def errors(
        self, windows: NDArray[np.float64], latent: NDArray[np.float64], loss: str, *, threads: int | None = None
    ) -> NDArray[np.float64]: ...
    def latent_stream(
        self,
        scale: tuple[NDArray[np.float64], NDArray[np.float64], float],
        gaussian: tuple[NDArray[np.float64], Affine],
        window: int,
    ) -> ScoreStream: ...
    def reconstruction_stream(
        self, scale: tuple[NDArray[np.float64], NDArray[np.float64], float], loss: str, window: int
    ) -> ScoreStream: ...

@final
class ScoreStream:
    def take(self, row: NDArray[np.float64]) -> float | None: ...
    def take_one(self, x: float) -> float | None: ...
    def recent(self) -> NDArray[np.float64]: ...

# duplicates.rs
def duplicates(hashes: NDArray[np.uint64], /) -> int: ...

# one_liner.rs
def one_liners() -> list[str]: ...
def found_by_one_liners(
    start: int,
    normal: NDArray[np.float64],
    values: NDArray[np.float64],
    events: Sequence[tuple[int, int]],
    /,
) -> NDArray[np.bool_]: ...

# pan_profile.rs
def matrix_profile_pan(
    x: NDArray[np.float64],
    windows: Sequence[int],
    *,
    bins: int,
    fraction: float,
    threads: int | None,
    progress: Callable[[int], object] | None,
) -> tuple[
    list[tuple[tuple[int, int, float] | None, tuple[int, int, float] | None, float]], NDArray[np.float32], int
]: ...

# plan.rs
@final
class FillState:
    def __new__(cls) -> FillState: ...
    @property
    def size(self) -> tuple[int, int]: ...

@final
class Plan:
    def __new__(cls, spec: dict[str, Any]) -> Plan: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def all_names(self) -> list[str]: ...
    @property
    def columns(self) -> list[tuple[str, list[str]]]: ...
    @property
    def kinds(self) -> list[tuple[str, list[int]]]: ...
    @property
    def stream(self) -> int: ...
    def check_rows(self, start: int, rows: int, /) -> None: ...
    @property
    def canonical(self) -> str: ...
    @property
    def series(self) -> list[NDArray[np.float64]]: ...
    @property
    def most_rows(self) -> int | None: ...
    @property
    def decoys(self) -> list[int]: ...
    @property
    def graph(self) -> list[tuple[int, int, int]]: ...
    @property
    def reach(self) -> list[list[tuple[int, int]]]: ...
    def drawn(self, start: int, rows: int, /) -> list[list[tuple[int, str, float]]]: ...
    @property
    def broken(self) -> list[list[tuple[int, int]]]: ...
    def changes(self, variable: int, start: int, rows: int, /) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]: ...
    def missing(self, variable: int, start: int, rows: int, /) -> NDArray[np.bool_]: ...
    def times(self, start: int, rows: int, /) -> NDArray[Any] | None: ...
    def anomalous(self, start: int, rows: int, /) -> tuple[NDArray[np.uint64], NDArray[np.uint64], int]: ...
    def events(
        self, start: int, rows: int, /, *, of: str = "anomalies"
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]]: ...
    def fill(
        self,
        rows: Sequence[tuple[int, int]],
        columns: Sequence[NDArray[Any]],
        labels: NDArray[np.int8],
        /,
        *,
        clean: bool,
        threads: int | None,
        progress: Callable[[int], None] | None,
        state: FillState | None = None,
    ) -> tuple[int, int]: ...

# prepare.rs
def prepare() -> None: ...

# ramp.rs
@final
class Detection:
    def __float__(self) -> float: ...
    @property
    def is_anomaly(self) -> bool: ...
    @property
    def alarm(self) -> bool: ...
    @property
    def score(self) -> float: ...
    @property
    def uncertainty(self) -> float: ...
    @property
    def contributions(self) -> NDArray[np.float64]: ...
    @property
    def time(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def process(self) -> str | int | None: ...

@disjoint_base
class RampCore:
    def __new__(cls, state: dict[str, Any] | bytes) -> Self: ...
    def to_bytes(self) -> bytes: ...
    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def processes(self) -> list[str | int | None]: ...
    @property
    def n_weights(self) -> int: ...
    @property
    def bytes_per_process(self) -> int: ...
    @property
    def threshold(self) -> float: ...
    @threshold.setter
    def threshold(self, threshold: float) -> None: ...
    def update(self, x: ArrayLike, process: str | int | None = None) -> Detection | None: ...
    def score_next(self, x: ArrayLike, process: str | int | None = None) -> float: ...
    @property
    def _feature_names(self) -> list[str] | None: ...
    def _take_names(self, path: str, names: list[str], keep: bool) -> None: ...
    def _score(
        self, x: NDArray[np.float64], process: str | int | None = None, names: list[str] | None = None
    ) -> dict[str, Any]: ...
    def _update_many(
        self,
        x: NDArray[np.float64],
        processes: Sequence[str | int] | NDArray[np.int64],
        threads: int | None = None,
        names: list[str] | None = None,
    ) -> dict[str, Any]: ...
    def add_process(self, key: str | int | None = None) -> str | int: ...
    def _feedback(
        self,
        true_positives: Sequence[int],
        false_positives: Sequence[int],
        process: str | int | None,
    ) -> None: ...
    def _undo(self, times: Sequence[int], process: str | int | None) -> None: ...

def ramp_replay(
    x: NDArray[np.float64],
    settings: dict[str, Any],
    start_index: Sequence[int],
    labels: Sequence[bool] | None,
) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]: ...
