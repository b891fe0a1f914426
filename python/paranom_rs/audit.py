"""The known flaws of synthetic benchmarks, looked for in the dataset itself.

Wu & Keogh, "Current Time Series Anomaly Detection Benchmarks are Flawed and are Creating the Illusion of Progress"
(TKDE 2021): unrealistic density, labels that do not match a visible change, anomalies bunched at the end. The clean
twin makes each computable.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from paranom_rs.dataset import Dataset

__all__ = ["Audit"]


@dataclass(frozen=True)
class Audit:
    """What an audit found. ``print(audit)`` reads well; ``to_dict()`` gives the figures."""

    rows: int
    #: share of anomalous rows
    share: float
    events: int
    #: events by name
    kinds: dict[str, int]
    #: shortest, median, longest event that lies inside, in rows
    lengths: tuple[float, float, float]
    #: shortest, median, longest stretch of normal rows between events
    gaps: tuple[float, float, float]
    #: largest distance between the events' positions and an even spread (Kolmogorov-Smirnov), and its p-value
    position_bias: float
    position_p: float
    #: rows where a variable differs from its clean twin without a label of its own: must be 0
    changed_unlabelled: int
    #: labelled rows that equal the clean twin (a transform that did nothing, a value drawn twice)
    labelled_unchanged: int
    #: per variable: median over events of (largest change in the event) / (spread of neighbouring clean differences)
    effect: dict[str, float] = field(default_factory=dict)
    #: events whose largest effect is below the noise in every variable they touch
    events_below_noise: int = 0
    #: normal and anomalous rows whose values equal those of an earlier row of their class
    duplicate_normal: int = 0
    duplicate_anomalous: int = 0
    #: missing values, all rows
    missing: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {n}" for name, n in self.kinds.items()) or "none"
        spread = "even" if self.position_p > 0.01 else "NOT even"
        lines = [
            ("rows", f"{self.rows:,}"),
            ("anomalous rows", f"{self.share:.3%}"),
            ("events", f"{self.events:,} ({kinds})"),
            ("event lengths", _range(self.lengths)),
            ("gaps between events", _range(self.gaps)),
            ("positions", f"{spread} (distance {self.position_bias:.3f}, p = {self.position_p:.2f})"),
            ("changed, not labelled", f"{self.changed_unlabelled:,} rows" + _flag(self.changed_unlabelled)),
            ("labelled, not changed", f"{self.labelled_unchanged:,} rows"),
            *((f"effect on {name}", f"{x:.1f} x noise (median event)") for name, x in self.effect.items()),
            ("events below the noise", f"{self.events_below_noise:,}"),
            ("duplicate rows", f"{self.duplicate_normal:,} normal, {self.duplicate_anomalous:,} anomalous"),
            ("missing values", f"{self.missing:,}"),
        ]
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)


def _range(numbers: tuple[float, float, float]) -> str:
    if np.isnan(numbers[1]):
        return "-"
    low, middle, high = numbers
    return f"{low:,.0f} to {high:,.0f} rows, median {middle:,.0f}"


def _flag(count: int) -> str:
    return "  <- the labels are wrong" if count else ""


def _summary(numbers: NDArray[Any]) -> tuple[float, float, float]:
    if len(numbers) == 0:
        return (np.nan, np.nan, np.nan)
    return (float(numbers.min()), float(np.median(numbers)), float(numbers.max()))


def audit(data: Dataset) -> Audit:
    """Compare a dataset with its clean twin."""
    events, rows, clean = data.events, data.row, data.clean
    n = len(data)
    first = np.searchsorted(rows, events.start)
    last = np.searchsorted(rows, events.stop - np.uint64(1), side="right")
    changed, unlabelled, labels = np.zeros(n, bool), np.zeros(n, bool), data.labels
    below = np.ones(len(events), bool)
    judged = np.zeros(len(events), bool)
    effect = {}
    for name in data.names:
        values, twin = data[name].astype(np.float64), clean[name].astype(np.float64)
        same = (values == twin) | (np.isnan(values) & np.isnan(twin))
        changed |= ~same
        unlabelled |= ~same & (labels[:, data.names.index(name)] == 0)
        if not len(events) or not n:
            continue
        # What a recording is labelled with is in its clean twin too: nothing to compare.
        touched = np.array([name in event.variables and event.name != "recorded" for event in events])
        noise = _noise(twin)
        # A value that went missing is an effect without a size.
        difference = np.where(same, 0.0, np.nan_to_num(np.abs(values - twin), nan=np.inf))
        padded = np.append(difference, 0.0)
        size = np.maximum.reduceat(padded, np.stack([first, np.maximum(last, first + 1)], axis=1).ravel())[::2]
        if touched.any():
            ratio = size / noise if noise > 0 else np.where(size > 0, np.inf, 0.0)
            effect[name] = float(np.median(ratio[touched]))
            below &= ~touched | (ratio < 1.0)
            judged |= touched
    labelled = data.y.astype(bool)
    inside = (last - first) == (events.stop - events.start)
    gaps = (events.start[1:] - events.stop[:-1]) if len(events) > 1 else np.empty(0)
    bias, p = _evenness(first / n) if n and len(events) else (0.0, 1.0)
    duplicates = [_duplicates(data.X[labelled == bad]) for bad in (False, True)]
    return Audit(
        rows=n,
        share=float(labelled.mean()) if n else 0.0,
        events=len(events),
        kinds={name: int((events.kind == i).sum()) for i, name in enumerate(events.names)},
        lengths=_summary((events.stop - events.start)[inside]),
        gaps=_summary(gaps),
        position_bias=bias,
        position_p=p,
        changed_unlabelled=int(unlabelled.sum()),
        labelled_unchanged=int((labelled & ~changed & ~clean.y.astype(bool)).sum()),
        effect=effect,
        events_below_noise=int((below & judged).sum()),
        duplicate_normal=duplicates[0],
        duplicate_anomalous=duplicates[1],
        missing=sum(int(np.isnan(data[name]).sum()) for name in data.names),
    )


def _noise(clean: NDArray[np.float64]) -> float:
    """Return the noise level: a robust standard deviation of neighbouring differences, over sqrt(2)."""
    steps = np.abs(np.diff(clean))
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps) / 0.6745 / np.sqrt(2)) if len(steps) else 0.0


def _evenness(positions: NDArray[np.float64]) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance of positions in [0, 1) from an even spread, and its p-value."""
    x = np.sort(positions)
    n = len(x)
    ranks = np.arange(n)
    distance = float(max((x - ranks / n).max(), ((ranks + 1) / n - x).max()))
    scaled = (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n)) * distance
    k = np.arange(1, 101)
    p = 2 * float(((-1.0) ** (k - 1) * np.exp(-2 * (k * scaled) ** 2)).sum()) if scaled > 0.2 else 1.0
    return distance, min(max(p, 0.0), 1.0)


def _duplicates(rows: NDArray[Any]) -> int:
    if len(rows) == 0:
        return 0
    packed = np.ascontiguousarray(rows).view([("", rows.dtype)] * rows.shape[1]).ravel()
    return len(rows) - len(np.unique(packed))
