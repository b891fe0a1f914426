"""Values that are lost, whether a row is normal or anomalous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from paranom_rs._internal.checks import flag
from paranom_rs.generate.rule import Part, Rule
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

    Runs keep a distance, so a value after a lost one is lost less often than others. With ``gap=0`` and a duration of
    1, each value is lost for itself, with the chance ``frequency``, whatever was lost before.

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
    chance
        Instead of all these: each value is lost for itself, with the chance that a rule gives for its row (0 or less:
        never; 1 or more: always). ``Calendar(hour=[…])``: by the time of the day. ``Logistic(Ref("load"), middle=4)``:
        by another variable (missing at random), or by the variable itself (missing not at random): a `Ref` sees the
        values with their anomalies, before any is lost.
    together
        Whether whole rows are lost: the values of all variables that have no ``missing`` of their own. Only for the
        whole generator.

    Examples
    --------
    >>> from paranom_rs import Dropouts, Generator, Stochastic, Trend
    >>> lossy = Stochastic(Trend(1.0), missing=Dropouts(events=[(1, 3)]))
    >>> Generator({"x": lossy}).generate(4)["x"].tolist()
    [0.0, nan, nan, 3.0]
    """

    chance: Rule | float | None = None
    together: bool = False

    def to_spec(self) -> dict[str, Any]:
        """Return the fields as plain values; those that are None are left out."""
        together, spec = flag("together", self.together), super().to_spec()
        if not together:
            del spec["together"]
        if self.chance is not None and self.gap == 1:
            del spec["gap"]
        return spec
