"""When anomalies happen, for how long, and to which variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from paranom_rs.generate.rule import Part, Rule, Transform, plain_fields
from paranom_rs.generate.timing import Timing

__all__ = ["Aftershocks", "Anomaly", "Decoys"]


@dataclass(frozen=True, kw_only=True)
class Aftershocks(Part):
    """Events that trigger others of their kind, which trigger others in turn: bursts (a Hawkes process, cut off).

    Each event triggers a Poisson number of others. The wait from its end to each of them is its gap and a rounded-down
    exponential draw. What would end more than ``within`` rows after the first event, what comes too near the event
    before it, and what follows after 64 events of a burst is left out. The rows ``within`` are kept free, so bursts
    never meet.

    Parameters
    ----------
    mean
        How many events one triggers on average, above 0 and below 1.
    delay
        Rows that the exponential draws have on average.
    within
        Rows after the end of the first event.

    Examples
    --------
    >>> from paranom_rs import Aftershocks, Anomaly, Generator, Normal, Shift, Stochastic
    >>> often = {"count": 1, "within": 1_000, "duration": 5, "aftershocks": Aftershocks(mean=0.8, delay=10, within=200)}
    >>> gen = Generator({"x": Stochastic(Normal())}, anomalies=Anomaly(values={"x": Shift(5.0)}, **often), seed=1)
    >>> len(gen.generate(10_000).events) > 10
    True
    """

    mean: float
    delay: float
    within: int

    def to_spec(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return plain_fields(self)


@dataclass(frozen=True, kw_only=True)
class Anomaly(Timing):
    """An anomaly that happens again and again. Events on the same track never overlap.

    Parameters
    ----------
    frequency
        The expected share of anomalous rows, above 0 and up to 1.
    count, within
        Instead of a frequency: exactly ``count`` events in every ``within`` rows, for ever.
    events
        Instead of a frequency: these runs ``[(start, stop), …]`` of rows, ``stop`` not included.
    duration
        Rows an event lasts: a number, or the shortest and the longest (both included, all equally likely).
    gap
        Rows that stay normal after an event, at least.
    onset
        ``"creeping"``: the effect grows from next to nothing in the event's first row to its full size in the last. A
        share, above 0 and up to 1: it grows over that share of the event. By default it is there at once. While it
        grows, a value is a mixture of the normal and the anomalous one; all rows of the event are labelled.
    name
        What the event is called in `Dataset.events`.
    variables
        The variables it touches; by default all that have an anomalous rule.
    values
        Rules for some variables, instead of their own anomalous rules; only these (and ``variables``) are touched.
    difficulty
        ``"nontrivial"``: no event that one of the one-liners finds (`triviality`). Such an event is drawn
        anew, at another place of its slot and with other parameters, up to 64 times; then the slot goes without, and
        ``frequency`` or ``count`` are not quite reached (`Dataset.audit` says by how much). Goes with rules only, not
        with functions, and without uniqueness.
    aftershocks
        What its events lead to. ``frequency`` and ``count`` are then those of the first events. Not with ``events`` or
        with ``difficulty``.
    track
        A name. Events of anomalies with different tracks are drawn independently and may overlap; so they must touch
        different variables. (Listed ``events`` of different variables may overlap without it.) Not with uniqueness.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Stochastic
    >>> leak = Anomaly(name="leak", frequency=0.01, duration=(5, 40), values={"x": Shift(3.0)})
    >>> data = Generator({"x": Stochastic(Normal())}, anomalies=leak, seed=1).generate(10_000)
    >>> len(data.events), round(float(data.y.mean()), 3)
    (5, 0.012)
    """

    onset: Literal["creeping"] | float | None = None
    name: str = "anomaly"
    variables: Sequence[str] | None = None
    values: Mapping[str, Rule | Transform | float] | None = None
    difficulty: Literal["nontrivial"] | None = None
    aftershocks: Aftershocks | None = None
    track: str | None = None


@dataclass(frozen=True, kw_only=True)
class Decoys(Anomaly):
    """Rare events that are normal: a detector that flags whatever is unusual pays for them.

    They stand among the anomalies of a `Generator` and take the same arguments; no anomaly and no decoy overlap. Their
    rows are normal: ``y`` and ``labels`` are 0, `Dataset.events` leaves them out, and the clean copy has them.
    `Dataset.decoys` lists them.

    Examples
    --------
    >>> from paranom_rs import Constant, Decoys, Generator, Shift, Stochastic
    >>> rare = Decoys(events=[(2, 4)], values={"x": Shift(3.0)})
    >>> data = Generator({"x": Stochastic(Constant(0))}, anomalies=rare).generate(5)
    >>> data["x"].tolist(), data.y.tolist(), len(data.decoys)
    ([0.0, 0.0, 3.0, 3.0, 0.0], [0, 0, 0, 0, 0], 1)
    """

    name: str = "decoy"

    def to_spec(self) -> dict[str, Any]:
        """Return the decoys as plain values."""
        return super().to_spec() | {"decoy": True}
