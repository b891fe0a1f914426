"""How a feed stands."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["FeedStatus"]


@dataclass(slots=True)
class FeedStatus:
    """How a feed stands, as the page shows it.

    Attributes
    ----------
    name
        What is read.
    state
        ``"waiting"`` for the first sample, ``"running"``, ``"ended"``, or ``"failed"``.
    message
        What went wrong last, if anything.
    arrived
        When samples came last: seconds since 1970; 0 for never.
    refused
        Samples that were refused.
    behind
        Seconds that the samples read last had waited to be read, where the feed knows.
    """

    name: str = ""
    state: Literal["waiting", "running", "ended", "failed"] = "waiting"
    message: str = ""
    arrived: float = 0.0
    refused: int = 0
    behind: float | None = None
    started: float = field(default_factory=time.time)
