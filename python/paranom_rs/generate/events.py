"""Events: which rows are anomalous, why, and in which variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import html

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "Event", "Events"]

#: Events that a notebook shows.
_SHOWN = 12


class Event(NamedTuple):
    """A run of anomalous rows: ``start``, ``stop`` (not included), ``name``, the ``variables`` it changes, ``id``.

    ``broken``: the dependences (source, target) that it cuts, by `Decouple` or by a rule in place of one with a `Ref`.
    Variables that only refer to those it changes are not among ``variables``: it is the cause; `Dataset.labels` has its
    consequences as well.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> event = gen.generate(400).events[0]
    >>> event.start, event.stop, event.name, event.variables
    (300, 310, 'jump', ('x',))
    """

    start: int
    stop: int
    name: str
    variables: tuple[str, ...]
    id: int
    broken: tuple[tuple[str, str], ...] = ()


class Change(NamedTuple):
    """Rows ``start`` to ``stop`` (not included) in which the normal rule of a ``variable`` gives way to another one.

    Examples
    --------
    >>> from paranom_rs import Concepts, Constant, Generator, Stochastic
    >>> drift = Stochastic(Concepts([Constant(0), Constant(9)], length=3))
    >>> data = Generator({"x": drift}, seed=1).generate(7)
    >>> data["x"].tolist(), [change.start for change in data.changes]
    ([0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 0.0], [3, 6])
    """

    start: int
    stop: int
    variable: str


class Events:
    """The events of a dataset, in row order; an event that reaches beyond the dataset is listed whole.

    Iterating gives `Event`; ``events[:3]`` the events of a slice.

    Attributes
    ----------
    start, stop
        Row numbers, uint64; ``stop`` is not included.
    kind
        A position in ``names``, int64.
    id
        A number that is the same in every slice, int64.

    Examples
    --------
    >>> from paranom_rs import Anomaly, Generator, Normal, Shift, Sine, Stochastic
    >>> wave = Stochastic(Sine(50) + Normal(0, 0.1), anomalous=Shift(3.0))
    >>> gen = Generator({"x": wave}, anomalies=Anomaly(events=[(300, 310)], name="jump"), seed=1)
    >>> events = gen.generate(400).events
    >>> len(events), [(event.start, event.stop) for event in events]
    (1, [(300, 310)])
    """

    def __init__(
        self,
        kinds: Sequence[tuple[str, Sequence[str]]],
        arrays: tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]],
        broken: list[tuple[tuple[str, str], ...]],
    ) -> None:
        self._kinds = [(name, tuple(variables)) for name, variables in kinds]
        self._broken = broken
        self.start, self.stop, self.kind, ids = arrays
        self.id = ids.view(np.int64)

    @property
    def names(self) -> list[str]:
        """The anomalies' names; ``kind`` counts from the first."""
        return [name for name, _ in self._kinds]

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Events: ...

    def __getitem__(self, index: int | slice) -> Event | Events:
        if isinstance(index, slice):
            ids = self.id[index].view(np.uint64)
            return Events(self._kinds, (self.start[index], self.stop[index], self.kind[index], ids), self._broken)
        kind = self.kind[index]
        name, variables = self._kinds[kind]
        start, stop, number = int(self.start[index]), int(self.stop[index]), int(self.id[index])
        return Event(start, stop, name, variables, number, self._broken[kind])

    def __iter__(self) -> Iterator[Event]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Events({len(self)}: {', '.join(self.names) or 'none'})"

    def _repr_html_(self) -> str:
        """Return what notebooks show: the first events."""
        rows = [[f"{e.start:,}", f"{e.stop - e.start:,}", e.name, ", ".join(e.variables)] for e in self[:_SHOWN]]
        note = f"and {len(self) - _SHOWN:,} more" if len(self) > _SHOWN else ""
        return html.table(repr(self), ["first row", "rows", "name", "variables"], rows, note)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame of start, stop, name, variables, id, broken. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(list(self), columns=list(Event._fields))
