"""States: variables whose values are names, such as ``"idle"`` and ``"run"``; and rules that go by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from paranom_rs._internal.checks import shown
from paranom_rs.errors import SpecTypeError
from paranom_rs.generate.rule import Rule, plain

__all__ = ["ByState", "Markov", "Regimes", "State", "StateValue"]

#: A state: its name; or a number, or true or false.
StateValue = str | bool | float


@dataclass(frozen=True)
class State(Rule):
    """The same state in every row.

    For anomalies and for `ByState`: ``Anomaly(values={"mode": State("exploded")})``. A state that the normal rule does
    not have is one more state of the variable.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Choice, Generator, State, Stochastic
    >>> unseen = Anomaly(values={"mode": State("exploded")}, events=[(2, 4)])
    >>> data = Generator({"mode": Stochastic(Choice(["idle", "run"]))}, anomalies=unseen, seed=1).generate(6)
    >>> data["mode"].tolist()
    ['idle', 'idle', 'exploded', 'exploded', 'run', 'idle']
    """

    kind: ClassVar[str] = "state"
    name: str


@dataclass(frozen=True)
class Markov(Rule):
    """A Markov chain: the state of a row follows from the state of the row before, by chance.

    Stationary from row 0 on, and exactly so at any row, without a scan: the states at the ends of an interval are drawn
    first, then the one in its middle, and so on (as `RandomWalk` does it). A transition of probability 0 never happens.

    Parameters
    ----------
    states
        1 to 32 names; or numbers, or true and false.
    transitions
        A list for each state: the probabilities of the states in the next row, which sum to 1. Each state must lead to
        every other one, in some number of rows.

    Examples
    --------
    >>> from paranom_rs import Generator, Markov, Stochastic
    >>> mode = Markov(["idle", "run"], [[0.5, 0.5], [0.25, 0.75]])
    >>> Generator({"mode": Stochastic(mode)}, seed=2).generate(6)["mode"].tolist()
    ['run', 'idle', 'idle', 'idle', 'idle', 'run']
    """

    kind: ClassVar[str] = "markov"
    states: Sequence[StateValue]
    transitions: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Regimes(Rule):
    """States that last: a semi-Markov chain, of which any row is known alone.

    Parameters
    ----------
    states
        Names, at least two; or numbers, or true and false.
    dwell
        Rows that a state lasts on average: one number, or one for each state; ``shape`` at least.
    transitions
        A list for each state: the probabilities of the states that come next, which sum to 1; 0 for the state itself.
        By default all others are equally likely.
    shape
        How regular times are. A time is the sum of so many geometric ones, and has a standard deviation of about
        ``dwell / shape**0.5``. With 1, a state may end in each row with the same probability, as in `Markov`. States
        times shape are 32 at most. For times between two limits, the same for all states, use
        ``Steps(Markov(…), length=(30, 60))``.

    Examples
    --------
    >>> from paranom_rs import Generator, Regimes, Stochastic
    >>> mode = Regimes(["idle", "run"], dwell=4, shape=2)
    >>> Generator({"mode": Stochastic(mode)}, seed=4).generate(7)["mode"].tolist()
    ['idle', 'run', 'run', 'idle', 'idle', 'idle', 'idle']
    """

    kind: ClassVar[str] = "regimes"
    states: Sequence[StateValue]
    dwell: float | Sequence[float]
    transitions: Sequence[Sequence[float]] | None = None
    shape: int = 1


@dataclass(frozen=True)
class ByState(Rule):
    """A rule for each state of another variable: ``ByState("mode", {"idle": 0.0, "run": Sine(period=300)})``.

    Parameters
    ----------
    variable
        A variable of states, or of true and false. Its anomalies go on to what it drives, and so do the labels.
    values
        A rule, or a number, for each of its states (``True`` and ``False`` for true and false).
    other
        The rule for all states that ``values`` does not name: for those that only anomalies give, too.
    lag
        So many rows before, as in `Ref`.

    Examples
    --------
    >>> from paranom_rs import ByState, Generator, Markov, Stochastic
    >>> mode = Markov(["idle", "run"], [[0.5, 0.5], [0.25, 0.75]])
    >>> load = ByState("mode", {"idle": 0.0, "run": 5.0})
    >>> Generator({"mode": Stochastic(mode), "load": Stochastic(load)}, seed=2).generate(6)["load"].tolist()
    [5.0, 0.0, 0.0, 0.0, 0.0, 5.0]
    """

    kind: ClassVar[str] = "by_state"
    variable: str
    values: Mapping[str | bool, Rule | float]
    other: Rule | float | None = None
    lag: int = 0

    def to_spec(self) -> dict[str, Any]:
        """Return the rule as plain values; true and false are texts there."""
        if not isinstance(self.values, Mapping):
            raise SpecTypeError("values", "must be a dict of rules by state", shown(self.values))
        values = {str(key).lower() if isinstance(key, bool) else key: rule for key, rule in self.values.items()}
        spec = {"kind": self.kind, "variable": plain(self.variable), "values": plain(values), "lag": plain(self.lag)}
        return spec if self.other is None else spec | {"other": plain(self.other)}
