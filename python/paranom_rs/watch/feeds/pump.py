"""What gives a feed's samples to a watch, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.watch.engine import Watch
from paranom_rs.watch.feeds.samples import Feed, Samples
from paranom_rs.watch.status import FeedStatus

__all__ = ["Pump"]

_LOG = logging.getLogger("paranom_rs.watch")
#: Seconds until a store that did not take samples is asked again.
_AGAIN = 1.0


class Pump:
    """Gives samples to a watch until the feed ends or `stop` is called.

    What the store does not take (a full disk) is given again until it does. What the watch refuses is counted.

    Attributes
    ----------
    status
        How the feed stands.

    Examples
    --------
    >>> from paranom_rs.watch import Watch
    >>> from paranom_rs.watch.feeds.iterators import Records
    >>> from paranom_rs.watch.feeds.pump import Pump
    >>> with Watch("pump.db", ["flow"], threshold=1.0) as watch:
    ...     pump = Pump(watch, Records([{"flow": 1.5}, {"flow": 2.5}], ["flow"]))
    ...     pump.start()
    ...     pump.join()
    ...     watch.samples, pump.status.state
    (2, 'ended')
    """

    def __init__(self, watch: Watch, feed: Feed) -> None:
        self.watch, self.feed = watch, feed
        self.status = FeedStatus(feed.name)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, once what is under way is stored. A feed that is stuck is waited for some seconds only."""
        self._stop.set()
        self._thread.join(5.0)

    def join(self) -> None:
        """Wait until the feed has ended."""
        self._thread.join()

    def _run(self) -> None:
        status = self.status
        try:
            for samples in self.feed.batches(self.watch.feed_position, self._stop):
                self._give(samples)
                if self._stop.is_set():
                    return
            status.state = "ended"
        except Exception as error:
            status.state, status.message = "failed", str(error)
            _LOG.exception("feed failed", extra={"feed": status.name})

    def _give(self, samples: Samples) -> None:
        status = self.status
        status.refused += samples.refused
        if samples.note and samples.note != status.message:
            _LOG.warning("feed: %s", samples.note, extra={"feed": status.name, "refused": status.refused})
        if samples.note:
            status.message = samples.note
        while not self._stop.is_set():
            try:
                self._store(samples)
            except OSError as error:
                status.state, status.message = "failed", str(error)
                _LOG.error("store: %s", error, extra={"feed": status.name})
                self._stop.wait(_AGAIN)
                continue
            if samples.acknowledge is not None:
                samples.acknowledge()
            if status.state == "failed":
                status.message = ""
            status.state, status.arrived, status.behind = "running", time.time(), samples.behind
            return

    def _store(self, samples: Samples) -> None:
        try:
            self.watch.update_many(
                samples.X, samples.keys, t=samples.t, feed_position=samples.position, found=samples.found
            )
        except (SpecError, SpecTypeError) as error:
            self.status.message = str(error)
            self._store_what_is_taken(samples)
            self.watch.update_many(samples.X[:0], feed_position=samples.position)

    def _store_what_is_taken(self, samples: Samples) -> None:
        """Store samples of which some are refused: without keys that are too many at once, else one by one."""
        admitted = np.ones(len(samples.X), bool) if samples.keys is None else np.array(self.watch.admit(samples.keys))
        kept = np.flatnonzero(admitted)
        self.status.refused += len(samples.X) - len(kept)
        if len(kept) < len(samples.X):
            with suppress(SpecError, SpecTypeError):
                self._update(samples, kept)
                return
        for i in kept:
            try:
                self._update(samples, kept[kept == i])
            except (SpecError, SpecTypeError):
                self.status.refused += 1

    def _update(self, samples: Samples, at: NDArray[np.int64]) -> None:
        keys = None if samples.keys is None else [samples.keys[i] for i in at]
        found = None if samples.found is None else samples.found.at(at)
        self.watch.update_many(samples.X[at], keys, t=samples.t[at], found=found)
