"""paranom_rs: labelled time-series anomalies, generated at any size, and detectors that catch them.

>>> from paranom_rs import Anomaly, Generator, Normal, Sine, Stochastic, Uniform
>>> pressure = Stochastic(normal=Sine(period=300) + Normal(0.0, 0.05), anomalous=Uniform(2.0, 5.0))
>>> data = Generator({"pressure": pressure}, anomalies=Anomaly(frequency=0.01, duration=(5, 40))).generate(1000)
>>> data.y.dtype, len(data["pressure"])
(dtype('int8'), 1000)
"""

from __future__ import annotations

import warnings

from paranom_rs import errors
from paranom_rs._core import build_info
from paranom_rs.detect.matrix_profile import (
    Discord,
    MatrixProfile,
    Motif,
    matrix_profile,
    matrix_profile_ab_join,
    matrix_profile_multidimensional,
)
from paranom_rs.detect.matrix_profile_stream import StreamingMatrixProfile
from paranom_rs.detect.ramp import RAMP, Detection
from paranom_rs.errors import *  # noqa: F403 (its __all__ is the public exception tree)
from paranom_rs.evaluate.triviality import one_liners, triviality
from paranom_rs.files.verify import Verified, verify
from paranom_rs.generate.anomalies import Anomaly, Decoys
from paranom_rs.generate.callback import Block, Callback, Context
from paranom_rs.generate.dataset import Dataset, Event, Events, Split
from paranom_rs.generate.distributions import (
    Bernoulli,
    Beta,
    Cauchy,
    Choice,
    Distinct,
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
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.native import NativeFunction
from paranom_rs.generate.rule import EachRow, Edge, Ref
from paranom_rs.generate.signals import (
    AR1,
    ECG,
    MLS,
    Calendar,
    Constant,
    Cosine,
    CylinderBellFunnel,
    Dirichlet,
    LogisticMap,
    Pattern,
    RandomWalk,
    Sawtooth,
    Shape,
    Sine,
    Square,
    Steps,
    Trend,
    Triangle,
)
from paranom_rs.generate.time_index import Gaps, TimeIndex
from paranom_rs.generate.transforms import (
    Clip,
    Decouple,
    Drift,
    Flatline,
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
from paranom_rs.generate.variables import Recorded, Stochastic

__version__: str = build_info()["version"]

if build_info()["debug"]:
    warnings.warn("paranom_rs is a debug build: 10 to 100 times slower", RuntimeWarning, stacklevel=2)

__all__ = [
    "AR1",
    "ECG",
    "MLS",
    "RAMP",
    "Anomaly",
    "Bernoulli",
    "Beta",
    "Block",
    "Calendar",
    "Callback",
    "Cauchy",
    "Choice",
    "Clip",
    "Constant",
    "Context",
    "Cosine",
    "CylinderBellFunnel",
    "Dataset",
    "Decoys",
    "Decouple",
    "Detection",
    "Dirichlet",
    "Distinct",
    "Drift",
    "Dropouts",
    "EachRow",
    "Edge",
    "Event",
    "Events",
    "Exponential",
    "Flatline",
    "FrequencyChange",
    "Gamma",
    "Gaps",
    "Generator",
    "Hard",
    "Integers",
    "Laplace",
    "LogNormal",
    "LogisticMap",
    "Missing",
    "NativeFunction",
    "Mixture",
    "Noise",
    "Normal",
    "Pattern",
    "PhaseShift",
    "Poisson",
    "RandomWalk",
    "Recorded",
    "Ref",
    "Reverse",
    "Sawtooth",
    "Scale",
    "Shape",
    "Shift",
    "Sine",
    "Smooth",
    "Soft",
    "Spike",
    "Split",
    "Square",
    "Steps",
    "Stochastic",
    "StudentT",
    "Swap",
    "TimeIndex",
    "TimeWarp",
    "Trend",
    "Triangle",
    "Uniform",
    "Uniqueness",
    "Verified",
    "__version__",
    "build_info",
    *errors.__all__,
    "Discord",
    "MatrixProfile",
    "Motif",
    "StreamingMatrixProfile",
    "matrix_profile",
    "matrix_profile_ab_join",
    "matrix_profile_multidimensional",
    "verify",
    "one_liners",
    "triviality",
]
