"""A suite: named series that are generated when they are looked at, and the hashes they must have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal import checks
from paranom_rs.errors import UnknownKeyError
from paranom_rs.generate.dataset import Dataset
from paranom_rs.generate.generator import Generator

__all__ = ["Series", "Suite"]


@dataclass(frozen=True)
class Series:
    """Normal rows to learn from, rows to score, and the truth about them.

    Attributes
    ----------
    name
        What the suite lists it as.
    grade
        ``easy`` (one line of code may find the events), ``medium`` or ``hard`` (no one-liner finds them).
    generator
        What makes the rows.
    learnt, scored
        Rows to learn from, and rows to score.

    Examples
    --------
    >>> from paranom_rs.suites import load
    >>> series = load("graded-1")["wave-course-hard"]
    >>> series.sha256 == load("graded-1").published["wave-course-hard"]
    True
    """

    name: str
    grade: str
    generator: Generator
    learnt: int = 4_000
    scored: int = 12_000

    @cached_property
    def train(self) -> NDArray[np.float64]:
        """Rows without anomalies or decoys, shape (learnt, d)."""
        normal = Generator.from_spec({k: v for k, v in self.generator.to_spec().items() if k != "anomalies"})
        return normal.generate(self.learnt).X

    @cached_property
    def data(self) -> Dataset:
        """The rows to score, which follow ``train``, with their events, decoys and clean copy."""
        return self.generator.generate(self.scored, start=self.learnt)

    @property
    def test(self) -> NDArray[np.float64]:
        """The rows to score, shape (scored, d)."""
        return self.data.X

    @property
    def y(self) -> NDArray[np.int8]:
        """Labels of the rows to score, shape (scored,)."""
        return self.data.y

    @property
    def sha256(self) -> str:
        """A hash of values and labels: little-endian float64 by rows, then int8."""
        digest = hashlib.sha256(np.ascontiguousarray(self.train).astype("<f8").tobytes())
        digest.update(np.ascontiguousarray(self.test).astype("<f8").tobytes())
        digest.update(self.y.tobytes())
        return digest.hexdigest()


class Suite(Mapping[str, Series]):
    """Series by name, in a fixed order.

    Attributes
    ----------
    name
        The name of the suite.
    seed
        None for the published rows, else the seed of `with_seed`.

    Examples
    --------
    >>> from paranom_rs.suites import load
    >>> suite = load("graded-1")
    >>> series = suite["wave-course-hard"]
    >>> series.train.shape, series.test.shape, series.y.shape
    ((4000, 1), (12000, 1), (12000,))
    """

    def __init__(self, name: str, series: list[Series], *, seed: int | None = None) -> None:
        self.name, self.seed = name, seed
        self._series = {x.name: x for x in series}

    def with_seed(self, seed: int) -> Suite:
        """Return the suite with the same rules and other rows, which nobody has seen before.

        The seed of each series is made from ``seed`` (0 to 2**63 - 1) and the name of the series. No hashes are
        published for these rows.
        """
        given = checks.whole("seed", seed, most=2**63 - 1)
        return Suite(self.name, [_reseeded(x, given) for x in self._series.values()], seed=given)

    def __getitem__(self, name: str) -> Series:
        if name not in self._series:
            raise UnknownKeyError(f"{name!r} is no series of {self.name}; list(suite) names them")
        return self._series[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def __repr__(self) -> str:
        seed = "" if self.seed is None else f", seed={self.seed}"
        return f"Suite({self.name!r}, {len(self)} series{seed})"

    @cached_property
    def published(self) -> dict[str, str]:
        """The published hash of each series; none for another seed."""
        if self.seed is not None:
            return {}
        file = resources.files("paranom_rs.suites").joinpath(f"{self.name.replace('-', '_')}.json")
        hashes: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return hashes

    def verify(self) -> list[str]:
        """Generate all series; return the names of those whose hash is not the published one."""
        return [name for name, series in self.items() if series.sha256 != self.published.get(name)]


def _reseeded(series: Series, seed: int) -> Series:
    digest = hashlib.sha256(f"{seed}/{series.name}".encode()).digest()
    spec = series.generator.to_spec() | {"seed": int.from_bytes(digest[:8], "little") >> 1}
    return replace(series, generator=Generator.from_spec(spec))
