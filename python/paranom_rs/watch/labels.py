"""Verdicts as labels: tables, files, and rows to train on."""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import Floats
from paranom_rs._internal.optional import require
from paranom_rs.watch.engine import Watch

__all__ = ["COLUMNS", "Labelled", "entries", "labelled", "to_csv", "to_parquet"]

#: The columns of a table of labels.
COLUMNS = ("key", "label", "start", "stop", "t_start", "t_stop", "channel", "score", "who", "at")


class Labelled(NamedTuple):
    """Samples of a key, (n, d), and (n,) bool: whether each is in an alarm called real, or in a range called missed."""

    X: Floats
    y: NDArray[np.bool_]


def entries(watch: Watch) -> list[dict[str, Any]]:
    """Return a dict of `COLUMNS` for each verdict that holds, in the order of keys and samples.

    ``label`` is ``"real"``, ``"false"`` or ``"missed"``. ``start`` and ``stop`` number the key's samples. ``t_start``,
    ``t_stop``, ``at`` are seconds; times, channel and score are None for what was marked by hand.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> _ = watch.feedback(watch.alarms()[0].id, real=True, who="Ada")
    >>> from paranom_rs.watch.labels import entries
    >>> [(entry["key"], entry["label"], entry["channel"], entry["who"]) for entry in entries(watch)]
    [('pump 1', 'real', 'flow', 'Ada')]
    >>> watch.close()
    """
    held = [action for action in watch.actions(only_held=True) if action.kind in ("real", "false", "missed")]
    alarms = {alarm.id: alarm for alarm in watch.alarms()} if held else {}
    found = []
    for action in held:
        alarm = None if action.alarm is None else alarms[action.alarm]
        found.append(
            {
                "key": watch.key_name(action.key),
                "label": action.kind,
                "start": action.start if alarm is None else alarm.start,
                "stop": action.stop if alarm is None else alarm.stop,
                "t_start": None if alarm is None else alarm.t_start,
                "t_stop": None if alarm is None else alarm.t_stop,
                "channel": None if alarm is None else watch.channels[alarm.channel],
                "score": None if alarm is None else alarm.score,
                "who": action.who,
                "at": action.at,
            }
        )
    return sorted(found, key=lambda entry: (entry["key"], entry["start"]))


def to_csv(watch: Watch) -> str:
    """Return `entries` as CSV.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> _ = watch.mark_missed("pump 1", 70, 75, who="Ada")
    >>> from paranom_rs.watch.labels import to_csv
    >>> to_csv(watch).splitlines()[1][:20]
    'pump 1,missed,70,75,'
    >>> watch.close()
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(entries(watch))
    return text.getvalue()


def to_parquet(watch: Watch) -> bytes:
    """Return `entries` as the bytes of a Parquet file. Needs pyarrow (``pip install ".[parquet]"``).

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> _ = watch.mark_missed("pump 1", 70, 75, who="Ada")
    >>> from paranom_rs.watch.labels import to_parquet
    >>> to_parquet(watch)[:4]
    b'PAR1'
    >>> watch.close()
    """
    pa = require("pyarrow", "parquet", "labels in Parquet")
    pq = require("pyarrow.parquet", "parquet", "labels in Parquet")
    types = dict.fromkeys(("key", "label", "channel", "who"), pa.string()) | dict.fromkeys(
        ("start", "stop"), pa.int64()
    )
    schema = pa.schema([(name, types.get(name, pa.float64())) for name in COLUMNS])
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(entries(watch), schema=schema), file)
    return file.getvalue()


def labelled(watch: Watch, key: str = "") -> Labelled:
    """Return the samples of a key that are kept, with labels: for `Recorded`, for the training of a detector.

    Where ``y`` is False nobody said that the sample is anomalous.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.watch import Watch
    >>> watch = Watch("pump.db", ["flow"], window=5, reference=60, threshold=1.0)
    >>> X = np.arange(100.0)[:, None] % 7
    >>> X[90] = 50
    >>> _ = watch.update_many(X, ["pump 1"] * 100, t=np.arange(100.0))
    >>> _ = watch.mark_missed("pump 1", 70, 75)
    >>> from paranom_rs.watch.labels import labelled
    >>> rows, y = labelled(watch, "pump 1")
    >>> rows.shape, int(y.sum())
    ((100, 1), 5)
    >>> watch.close()
    """
    rows = watch.rows(key)
    y = np.zeros(len(rows), bool)
    for entry in entries(watch):
        if entry["key"] == key and entry["label"] != "false":
            y[max(entry["start"] - rows.first, 0) : max(entry["stop"] - rows.first, 0)] = True
    return Labelled(rows.X, y)
