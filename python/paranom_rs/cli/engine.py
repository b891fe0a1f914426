"""What ``paranom detect`` asks of a detector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from paranom_rs._internal.frames import Frame
from paranom_rs.cli.verdicts import Verdicts

__all__ = ["Engine"]


class Engine(ABC):
    """A detector that has learnt, and its channels by name, in its order."""

    channels: list[str]

    @property
    @abstractmethod
    def threshold(self) -> float:
        """Scores above it are anomalies."""

    @abstractmethod
    def describe(self) -> str:
        """Return its settings in a few words."""

    @abstractmethod
    def score(self, frame: Frame) -> Verdicts:
        """Score the next rows."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Save the detector, as it is."""

    def answers(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Verdicts]]:
        """Score the parts of a file, or of a feed."""
        for frame in frames:
            yield frame, self.score(frame)
