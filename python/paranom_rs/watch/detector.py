"""The detector of one key: RAMP, what it has learnt, and the alarm that is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.arrays import runs_of_ones
from paranom_rs._internal.checks import Floats
from paranom_rs.detect.live_settings import QUANTILE, above
from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import SpecError
from paranom_rs.watch.plan import UNSET, Plan
from paranom_rs.watch.records import Action, Alarm
from paranom_rs.watch.rows import ALARM, ANOMALY, Found, Rows

__all__ = ["Detector", "apply", "replay"]


class Detector:
    """A RAMP, and how far it is.

    Attributes
    ----------
    ramp
        The detector.
    position
        Samples seen.
    action
        The last action that was applied.
    saved_at
        The position of the last regular snapshot.
    alarm
        The open alarm, or None.
    """

    def __init__(
        self, key: int, plan: Plan, ramp: RAMP, *, position: int = 0, action: int = 0, alarm: Alarm | None = None
    ) -> None:
        self.key, self.plan, self.ramp = key, plan, ramp
        self.position, self.action, self.alarm = position, action, alarm
        self.saved_at = position

    @property
    def window(self) -> int:
        """Samples that are compared at once."""
        return int(self.ramp.settings["window"])

    @property
    def reference(self) -> int:
        """Samples that are remembered."""
        return int(self.ramp.settings["reference"])

    @property
    def is_learning(self) -> bool:
        """Whether the threshold is yet to be learnt."""
        return self.plan.calibrate is not None and self.ramp.threshold == UNSET

    @property
    def threshold(self) -> float | None:
        """What scores are compared with; None while it is yet to be learnt."""
        return None if self.is_learning else float(self.ramp.settings["threshold"])

    def until_learnt(self) -> int | None:
        """Return the samples that are missing until the threshold can be learnt; None if it need not be."""
        if self.plan.calibrate is None or not self.is_learning:
            return None
        return self.plan.calibrate - self.position % self.plan.calibrate

    def step(self, X: Floats, t: NDArray[np.float64]) -> Rows:
        """Score samples."""
        found = self.ramp.score(X)
        rows = Rows(
            self.position,
            t,
            X,
            found.score,
            found.contributions.astype(np.float32),
            found.uncertainty.astype(np.float32),
            found.is_anomaly * np.uint8(ANOMALY) | found.alarm * np.uint8(ALARM),
        )
        self.position += len(X)
        return rows

    def note(self, X: Floats, t: NDArray[np.float64], found: Found) -> Rows:
        """Take samples that were scored elsewhere. The channel to blame has all of the score: more is not known."""
        shares = np.zeros(X.shape, np.float32)
        blamed = found.channel >= 0
        shares[blamed, found.channel[blamed]] = 1.0
        rows = Rows(self.position, t, X, found.score, shares, np.zeros(len(X), np.float32), found.flags)
        self.position += len(X)
        return rows

    def learn(self, X: Floats) -> float | None:
        """Set the threshold from the last `Plan.calibrate` samples; return it, or None where they hold no values."""
        quantile = QUANTILE if self.plan.quantile is None else self.plan.quantile
        try:
            level = float(self.ramp.calibrate(X, quantile=quantile))
        except SpecError:
            return None
        if self.plan.quantile is None:
            level = self.ramp.threshold = above(level)
        return level

    def follow(self, rows: Rows) -> list[Alarm]:
        """Return the alarms of rows that `step` gave: those that began have the id 0, others the id that they had."""
        if self.alarm is None and not rows.flags.any():
            return []
        on = rows.flags & ALARM != 0
        found, going_on = [], self.alarm
        for start, stop in runs_of_ones(on).tolist():
            if start > 0 and going_on is not None:
                found.append(replace(going_on, is_open=False))
                going_on = None
            alarm = self._alarm(rows, start, stop)
            found.append(alarm if going_on is None else _longer(going_on, alarm))
            going_on = None
        if going_on is not None:
            found.append(replace(going_on, is_open=False))
        self.alarm = found[-1] if found[-1].is_open else None
        return found

    def _alarm(self, rows: Rows, start: int, stop: int) -> Alarm:
        scores = rows.score[start:stop]
        peak = start + (0 if np.isnan(scores).all() else int(np.nanargmax(scores)))
        return Alarm(
            id=0,
            key=self.key,
            start=rows.first + start,
            stop=rows.first + stop,
            is_open=stop == len(rows),
            peak=rows.first + peak,
            score=float(np.nan_to_num(rows.score[peak])),
            threshold=float(self.ramp.settings["threshold"]),
            uncertainty=float(rows.uncertainty[peak]),
            channel=int(rows.contributions[peak].argmax()),
            t_start=float(rows.t[start]),
            t_stop=float(rows.t[stop - 1]),
        )


def _longer(alarm: Alarm, more: Alarm) -> Alarm:
    """Return an alarm that goes on."""
    best = more if more.score > alarm.score else alarm
    return replace(
        best, id=alarm.id, start=alarm.start, stop=more.stop, is_open=more.is_open, threshold=alarm.threshold,
        t_start=alarm.t_start, t_stop=more.t_stop,
    )  # fmt: skip


def apply(ramp: RAMP, action: Action) -> None:
    """Teach a detector what an action says."""
    if action.kind in ("threshold", "learned"):
        assert action.value is not None
        ramp.threshold = action.value
    elif action.kind == "false":
        ramp.feedback(false_positives=action.times)
    else:
        ramp.feedback(true_positives=action.times)


def replay(ramp: RAMP, position: int, rows: Rows, actions: Iterable[Action]) -> None:
    """Give a detector that has seen ``position`` samples the rows that follow, and actions, in order, where they hold.

    The detector is then the one that saw and was taught all of it at the time.
    """
    ordered: Sequence[Action] = sorted(actions, key=lambda action: action.place)
    for action in ordered:
        ramp.score(rows.between(position, action.position).X)
        position = max(position, action.position)
        apply(ramp, action)
    ramp.score(rows.between(position, rows.stop).X)
