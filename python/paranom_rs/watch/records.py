"""Entries of a store: alarms, and what people did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Action", "Alarm", "Kind", "Snapshot"]

#: ``"learned"`` is a threshold that was calibrated from the first samples; the others are people's.
Kind = Literal["real", "false", "missed", "threshold", "learned"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm: samples in a row with ``Detection.alarm``.

    Attributes
    ----------
    id, key
        Numbers of the alarm and of its key.
    start, stop
        The first sample, and the one after the last so far.
    is_open
        Whether the key's last sample belongs to it.
    peak, score, channel, uncertainty
        The sample with the largest score, that score, its channel with the largest contribution (a position), and p.
    threshold
        What the score was compared with at first.
    t_start, t_stop
        The times of the first and of the last sample.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> [alarm] = watch.alarms("pump 1")
    >>> alarm.start, alarm.stop, watch.channels[alarm.channel]
    (90, 95, 'flow')
    >>> watch.close()
    """

    id: int
    key: int
    start: int
    stop: int
    is_open: bool
    peak: int
    score: float
    threshold: float
    uncertainty: float
    channel: int
    t_start: float
    t_stop: float


@dataclass(frozen=True, slots=True)
class Action:
    """A verdict or a threshold, and where in the key's samples it holds from.

    Attributes
    ----------
    id, key
        Numbers of the action and of its key. Ids ascend.
    kind
        What it is.
    position
        The detector has seen this many samples when it is taught.
    times
        The detections that a verdict is on.
    value
        A threshold.
    alarm, start, stop
        The alarm that a verdict is on, and its samples.
    taught
        Whether the detector was taught. A verdict on samples that are no longer kept is a label only.
    who, at
        Whose it is, and when: seconds since 1970.
    undone_by, undone_at
        Who took it back, and when; None while it holds.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> _ = watch.mark_missed("pump 1", 70, 75, who="Ada")
    >>> [(action.kind, action.start, action.who) for action in watch.actions("pump 1")]
    [('missed', 70, 'Ada')]
    >>> watch.close()
    """

    id: int
    key: int
    kind: Kind
    position: int
    times: tuple[int, ...]
    value: float | None
    alarm: int | None
    start: int | None
    stop: int | None
    taught: bool
    who: str
    at: float
    undone_by: str | None = None
    undone_at: float | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the order in which actions are applied."""
        return self.position, self.id


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A detector's bytes after ``position`` samples and all actions up to, and with, ``action``."""

    position: int
    action: int
    state: bytes

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among actions."""
        return self.position, self.action
