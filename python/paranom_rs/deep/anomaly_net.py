"""A detector whose network learns from generated anomalies how much of a window differs from normal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs._internal.progress import bar
from paranom_rs._internal.rules import Flag, OneOf, OrNone, Rule, Whole
from paranom_rs._internal.scaling import Scaler
from paranom_rs.deep.change_net import Material, Weights, context_of, layers_for
from paranom_rs.deep.training_events import KINDS, with_events
from paranom_rs.deep.window_features import FEATURES, SIGNED, START, Components, WindowFeatures, from_log, is_joint, to_log
from paranom_rs.detect.base import covering_mean
from paranom_rs.detect.scaled_windows import ScaledWindows

#: Parts of the training rows: what each is compared with are the other ones.
PARTS = 4
#: Rows with generated anomalies that are learnt from, about; and series of them.
_ROWS, _FEWEST, _MOST = 8_000, 3, 16
