"""Uniqueness: whether rows may repeat what a lower row of their class holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from paranom_rs._internal.checks import shown
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.rule import Part, plain

__all__ = ["Hard", "Soft", "Uniqueness"]


@dataclass(frozen=True)
class Hard(Part):
    """Every datum must be unique: a row that stays a duplicate after ``tries`` draws (1 to 2**24) is an error.

    Examples
    --------
    >>> from paranom_rs import Generator, Hard, Integers, Stochastic, Uniqueness
    >>> die = Stochastic(Integers(0, 6))
    >>> gen = Generator({"x": die}, uniqueness=Uniqueness(normal=Hard(tries=1000)), seed=1)
    >>> sorted(gen.generate(6)["x"].tolist())
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """

    kind: ClassVar[str] = "hard"
    tries: int = 100


@dataclass(frozen=True)
class Soft(Part):
    """A datum should be unique: after ``tries`` draws (1 to 2**24) the last one is kept.

    `Dataset.duplicates` counts those; ``Soft(tries=1)`` changes nothing and counts.

    Examples
    --------
    >>> from paranom_rs import Generator, Integers, Soft, Stochastic, Uniqueness
    >>> gen = Generator({"x": Stochastic(Integers(0, 2))}, uniqueness=Uniqueness(normal=Soft(tries=5)), seed=1)
    >>> data = gen.generate(4)
    >>> len(set(data["x"].tolist())), data.duplicates
    (2, Duplicates(normal=2, anomalous=0))
    """

    kind: ClassVar[str] = "soft"
    tries: int = 10


@dataclass(frozen=True, kw_only=True)
class Uniqueness(KnownKeywords):
    """Ask for unique rows (Paranom paper, section 2.1): one control for normal rows, one for anomalous rows.

    The datum of a row is the tuple of its values. Rows are walked upward; each is drawn anew, attempt 0, 1, …, until
    its datum differs from those of all lower rows of its class. So a longer dataset still begins with the shorter
    one, and threads and batches change nothing; but a slice replays the rows below it, from row 0 on, and takes that
    long (`Generator.batches` remembers them instead: 11 to 16 bytes a datum).

    Values are compared as float64, bit for bit, except that -0.0 equals 0.0 and NaN equals NaN. Drawing anew changes
    what is drawn for that row of the variables in ``over``, and nothing else: parameters drawn once per event,
    signals, random walks and recorded values stay.

    Parameters
    ----------
    normal, anomalous
        `Hard`, `Soft`, or None: rows of the class may repeat.
    over
        The variables whose values make the datum, and that are drawn anew; by default all.

    Raises
    ------
    UniquenessError
        From `Generator.generate`: Hard could not be met. Before anything is drawn where the distributions have fewer
        different values than there are rows.

    Examples
    --------
    >>> from paranom_rs import Generator, Hard, Integers, Stochastic, Uniqueness
    >>> die = Stochastic(Integers(0, 6))
    >>> gen = Generator({"x": die}, uniqueness=Uniqueness(normal=Hard(tries=1000)), seed=1)
    >>> sorted(gen.generate(6)["x"].tolist())
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """

    normal: Hard | Soft | None = None
    anomalous: Hard | Soft | None = None
    over: Sequence[str] | None = None

    def to_spec(self) -> dict[str, Any]:
        """Return the uniqueness as plain values; fields that are None are left out."""
        for name in ("normal", "anomalous"):
            if not isinstance(getattr(self, name), Hard | Soft | None):
                raise SpecTypeError(name, "must be Hard(…), Soft(…) or None", shown(getattr(self, name)))
        if isinstance(self.over, str):
            raise SpecTypeError("over", "must be a list of names", shown(self.over))
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: plain(x) for name, x in given.items() if x is not None}


def refuse_parts(spec: dict[str, Any]) -> None:
    """Refuse a spec whose rows cannot be made apart from each other."""
    if "uniqueness" in spec:
        raise SpecError(
            "uniqueness",
            "must be None to make slices apart from each other, since a row depends on all lower rows; draw the values "
            "from a Distinct distribution instead, which needs no register",
        )
    for name, variable in spec["variables"].items():
        if variable.get("sequential") and variable.get("warmup") is None:
            raise SpecError(
                f"variables.{name}.sequential",
                "must have a warmup to make slices apart from each other: without one, a row depends on all lower rows",
            )
