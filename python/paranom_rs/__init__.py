"""paranom_rs: labelled time-series anomalies, generated at any size, and detectors that catch them.

>>> from paranom_rs import Anomaly, Generator, Normal, Sine, Stochastic, Uniform
>>> pressure = Stochastic(normal=Sine(period=300) + Normal(0.0, 0.05), anomalous=Uniform(2.0, 5.0))
>>> data = Generator({"pressure": pressure}, anomalies=Anomaly(frequency=0.01, duration=(5, 40))).generate(1000)
>>> data.y.dtype, len(data["pressure"])
(dtype('int8'), 1000)
"""

from __future__ import annotations

import warnings

from paranom_rs import _core
from paranom_rs._core import build_info
from paranom_rs._internal.frames import Frame
from paranom_rs.detect.base import Detector
from paranom_rs.detect.chains import all_chains, anchored_chain
from paranom_rs.detect.consensus import ConsensusMotif, consensus_motif
from paranom_rs.detect.distance_profile import Match, distance_profile, match
from paranom_rs.detect.explanation import Explanation
from paranom_rs.detect.findings import Discord, Motif
from paranom_rs.detect.isolation_forest import IsolationForest
from paranom_rs.detect.left_discords import left_discords
from paranom_rs.detect.loading import load_detector
from paranom_rs.detect.matrix_profile import (
    MatrixProfile,
    matrix_profile,
    matrix_profile_ab_join,
    matrix_profile_multidimensional,
)
from paranom_rs.detect.matrix_profile_stream import StreamingMatrixProfile
from paranom_rs.detect.mdl import MultidimensionalMotif, multidimensional_motifs
from paranom_rs.detect.mpdist import Snippet, mpdist, snippets
from paranom_rs.detect.nearest_windows import NearestWindows
from paranom_rs.detect.pan_profile import PanProfile, pan_profile
from paranom_rs.detect.pca import PCADetector
from paranom_rs.detect.profile_detectors import LeftMatrixProfile, MatrixProfileDetector
from paranom_rs.detect.ramp import RAMP, Detection
from paranom_rs.detect.segmentation import FLOSS, Segmentation, fluss
from paranom_rs.detect.tiles import tiled_matrix_profile
from paranom_rs.detect.window_choice import WindowChoice, choose_window
from paranom_rs.detect.z_score import ZScore
from paranom_rs.errors import (
    AlreadyExistsError,
    CallbackError,
    DetectorWarning,
    InternalError,
    MismatchError,
    NotFittedError,
    OutOfMemoryError,
    ParanomError,
    SpecError,
    SpecTypeError,
    StateError,
    StreamVersionError,
    UniquenessError,
    UnknownKeyError,
)
from paranom_rs.evaluate.one_line_detectors import one_liners, triviality
from paranom_rs.files.tables import read_table
from paranom_rs.files.verify import Verified, verify
from paranom_rs.generate.anomalies import Aftershocks, Anomaly, Decoys
from paranom_rs.generate.callback import Block, Callback, Context
from paranom_rs.generate.dataset import Dataset, Split
from paranom_rs.generate.days import public_holidays
from paranom_rs.generate.distributions import (
    Bernoulli,
    Beta,
    Cauchy,
    Choice,
    Distinct,
    Empirical,
    Exponential,
    Gamma,
    Integers,
    Laplace,
    LogNormal,
    Mixture,
    Normal,
    Poisson,
    StudentT,
    Uniform,
)
from paranom_rs.generate.dropouts import Dropouts
from paranom_rs.generate.events import Change, Event, Events
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.native import NativeFunction
from paranom_rs.generate.processes import ControlLoop, RandomSeason, StochasticVolatility
from paranom_rs.generate.recordings import Blocks, Recorded
from paranom_rs.generate.rule import EachRow, Edge, Ref
from paranom_rs.generate.signals import (
    AR1,
    ECG,
    MLS,
    AtTime,
    Calendar,
    ColouredNoise,
    Concepts,
    Constant,
    Cosine,
    CylinderBellFunnel,
    Dirichlet,
    Limited,
    Logistic,
    LogisticMap,
    Pattern,
    RandomWalk,
    Rounded,
    Sawtooth,
    Shape,
    Sine,
    Square,
    Steps,
    Trend,
    Triangle,
)
from paranom_rs.generate.states import ByState, Markov, Regimes, State
from paranom_rs.generate.time_index import Gaps, TimeIndex
from paranom_rs.generate.transforms import (
    Clip,
    Decouple,
    Drift,
    Flatline,
    ForbiddenTransition,
    FrequencyChange,
    Missing,
    Noise,
    PhaseShift,
    Reverse,
    Scale,
    Shift,
    Smooth,
    Spike,
    Swap,
    TimeWarp,
)
from paranom_rs.generate.uniqueness import Hard, Soft, Uniqueness
from paranom_rs.generate.variables import Stochastic

# What is made once is made now: a process that forked while another thread made it would hang in the child.
_core.prepare()

__version__: str = build_info()["version"]

if build_info()["debug"]:
    warnings.warn("paranom_rs is a debug build: 10 to 100 times slower", RuntimeWarning, stacklevel=2)

__all__ = [
    "AR1",
    "ECG",
    "FLOSS",
    "MLS",
    "RAMP",
    "Aftershocks",
    "AlreadyExistsError",
    "Anomaly",
    "AtTime",
    "Bernoulli",
    "Beta",
    "Block",
    "Blocks",
    "ByState",
    "Calendar",
    "Callback",
    "CallbackError",
    "Cauchy",
    "Change",
    "Choice",
    "Clip",
    "ColouredNoise",
    "Concepts",
    "ConsensusMotif",
    "Constant",
    "Context",
    "ControlLoop",
    "Cosine",
    "CylinderBellFunnel",
    "Dataset",
    "Decouple",
    "Decoys",
    "Detection",
    "Detector",
    "DetectorWarning",
    "Dirichlet",
    "Discord",
    "Distinct",
    "Drift",
    "Dropouts",
    "EachRow",
    "Edge",
    "Empirical",
    "Event",
    "Events",
    "Explanation",
    "Exponential",
    "Flatline",
    "ForbiddenTransition",
    "Frame",
    "FrequencyChange",
    "Gamma",
    "Gaps",
    "Generator",
    "Hard",
    "Integers",
    "InternalError",
    "IsolationForest",
    "Laplace",
    "LeftMatrixProfile",
    "Limited",
    "LogNormal",
    "Logistic",
    "LogisticMap",
    "Markov",
    "Match",
    "MatrixProfile",
    "MatrixProfileDetector",
    "MismatchError",
    "Missing",
    "Mixture",
    "Motif",
    "MultidimensionalMotif",
    "NativeFunction",
    "NearestWindows",
    "Noise",
    "Normal",
    "NotFittedError",
    "OutOfMemoryError",
    "PCADetector",
    "PanProfile",
    "ParanomError",
    "Pattern",
    "PhaseShift",
    "Poisson",
    "RandomSeason",
    "RandomWalk",
    "Recorded",
    "Ref",
    "Regimes",
    "Reverse",
    "Rounded",
    "Sawtooth",
    "Scale",
    "Segmentation",
    "Shape",
    "Shift",
    "Sine",
    "Smooth",
    "Snippet",
    "Soft",
    "SpecError",
    "SpecTypeError",
    "Spike",
    "Split",
    "Square",
    "State",
    "StateError",
    "Steps",
    "Stochastic",
    "StochasticVolatility",
    "StreamVersionError",
    "StreamingMatrixProfile",
    "StudentT",
    "Swap",
    "TimeIndex",
    "TimeWarp",
    "Trend",
    "Triangle",
    "Uniform",
    "Uniqueness",
    "UniquenessError",
    "UnknownKeyError",
    "Verified",
    "WindowChoice",
    "ZScore",
    "__version__",
    "all_chains",
    "anchored_chain",
    "build_info",
    "choose_window",
    "consensus_motif",
    "distance_profile",
    "fluss",
    "left_discords",
    "load_detector",
    "match",
    "matrix_profile",
    "matrix_profile_ab_join",
    "matrix_profile_multidimensional",
    "mpdist",
    "multidimensional_motifs",
    "one_liners",
    "pan_profile",
    "public_holidays",
    "read_table",
    "snippets",
    "tiled_matrix_profile",
    "triviality",
    "verify",
]


def __dir__() -> list[str]:
    return __all__
