"""Values that are lost, whether a row is normal or anomalous."""

from __future__ import annotations

from dataclasses import dataclass

from paranom_rs.generate.rule import Part
from paranom_rs.generate.timing import Timing

__all__ = ["Dropouts"]


@dataclass(frozen=True, kw_only=True)
class Dropouts(Timing, Part):
    """Values that are lost: NaN, in normal and in anomalous rows alike.

    ``Generator(…, missing=Dropouts(frequency=0.02, duration=(1, 5)))`` loses values of each variable for itself;
    ``Stochastic(…, missing=…)`` says it for one. Each variable has a stream of its own, keyed by its name.

    They are laid over the data last. A `Ref`, a function, a transform and `Uniqueness` see the value underneath; labels
    and events stay; the clean copy loses the same values. `Dataset.missing` is the mask. (`Missing` is something else:
    an anomaly that makes values missing, and is labelled.)

    Parameters
    ----------
    frequency
        The expected share of lost values, above 0 and up to 1.
    count, within
        Instead of a frequency: exactly ``count`` runs in every ``within`` rows, for ever.
    events
        Instead of a frequency: these runs ``[(start, stop), …]`` of rows, ``stop`` not included.
    duration
        Rows a run lasts: a number (by default 1), or the shortest and the longest (both included).
    gap
        Rows that keep their value after a run, at least.

    Examples
    --------
    >>> from paranom_rs import Dropouts, Generator, Stochastic, Trend
    >>> lossy = Stochastic(Trend(1.0), missing=Dropouts(events=[(1, 3)]))
    >>> Generator({"x": lossy}).generate(4)["x"].tolist()
    [0.0, nan, nan, 3.0]
    """
