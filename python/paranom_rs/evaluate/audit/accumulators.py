"""What an audit keeps of each batch, and what it makes of that in the end: one class for each kind of flaw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs import _core
from paranom_rs._internal.checks import Flags, Floats
from paranom_rs.evaluate.audit.batches import Batch, BatchEvents, Schema, places
from paranom_rs.evaluate.audit.statistics import (
    Association,
    evenness,
    near_duplicates,
    shape,
    spread,
    two_sample_distance,
)
from paranom_rs.evaluate.one_line_detectors import found_in, one_liners

#: Rows whose duplicates are counted, events of a kind whose shapes are compared, values of a variable for the drift.
MOST_ROWS, MOST_SHAPES, MOST_SAMPLES = 1 << 22, 2_000, 20_000
#: With less effect than this many noise levels in all, every test errs in 7 % of the cases or more.
UNDETECTABLE = 3.0

Columns = dict[str, list[NDArray[Any]]]
Table = dict[str, NDArray[Any]]


class Labels:
    """Which rows and events are labelled, where events lie, and whether labels are where values change."""

    def __init__(self, schema: Schema, rows: int) -> None:
        self.schema = schema
        self.rows = rows
        self.anomalous = self.missing = self.changed_unlabelled = self.labelled_unchanged = 0
        self.left_out = self.decoys = 0
        self.columns: Columns = {
            "start": [np.empty(0, np.uint64)],
            "stop": [np.empty(0, np.uint64)],
            "kind": [np.empty(0, np.int64)],
            "position": [np.empty(0)],
            "is_checked": [np.empty(0, bool)],
        }

    def add(self, batch: Batch) -> None:
        """Count rows; remember events."""
        data, audited = batch.data, batch.audited
        labels, y = data.labels, data.y.astype(bool)
        changed, unlabelled = np.zeros(len(data), bool), np.zeros(len(data), bool)
        for j, (name, differs) in enumerate(batch.changed.items()):
            changed |= differs
            unlabelled |= differs & (labels[:, j] == 0)
            self.missing += int(np.isnan(batch.values(name)[audited]).sum())
        self.anomalous += int((y & audited).sum())
        self.changed_unlabelled += int((unlabelled & audited).sum())
        self.labelled_unchanged += int((y & ~changed & ~data.clean.y.astype(bool) & audited).sum())
        starts_here = np.append(audited, False)
        self.left_out += int(starts_here[places(data.left_out.start, batch.low, len(data))].sum())
        self.decoys += int(starts_here[places(data.decoys.start, batch.low, len(data))].sum())
        for name, parts in self.columns.items():
            parts.append(getattr(batch.events, name))

    @property
    def checked(self) -> Flags:
        """Which events were compared with the clean copy."""
        return np.concatenate(self.columns["is_checked"])

    def table(self) -> Table:
        """Return start, stop, kind and position of each event; kinds are counted without those of decoys."""
        table = {name: np.concatenate(parts) for name, parts in self.columns.items() if name != "is_checked"}
        return table | {"kind": table["kind"] - np.searchsorted(self.schema.decoys, table["kind"])}

    def result(self) -> dict[str, Any]:
        """Return the fields of the report."""
        start, stop, kind, position, _ = (np.concatenate(parts) for parts in self.columns.values())
        bias, p = evenness(position) if len(start) else Association(0.0, 1.0)
        kinds, decoys = enumerate(self.schema.kinds), self.schema.decoys
        return {
            "rows": self.rows,
            "share": self.anomalous / self.rows if self.rows else 0.0,
            "events": len(start),
            "kinds": {name: int((kind == i).sum()) for i, name in kinds if i not in decoys},
            "lengths": spread((stop - start).astype(np.float64)),
            "gaps": spread((start[1:] - stop[:-1]).astype(np.float64)),
            "position_bias": bias,
            "position_p": p,
            "last_tenth": float((position >= 0.9).mean()) if len(start) else 0.0,
            "changed_unlabelled": self.changed_unlabelled,
            "labelled_unchanged": self.labelled_unchanged,
            "left_out": self.left_out,
            "decoys": self.decoys,
            "missing": self.missing,
        }


class Severity:
    """How large the effect of each event is, in units of the noise around it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.checked = [np.empty(0, bool)]
        self.energy = [np.empty(0)]
        self.by_variable = [np.empty((0, len(schema.variables)))]

    def add(self, batch: Batch) -> None:
        """Measure the events of a batch."""
        events, variables = batch.events, self.schema.variables
        by_variable = np.full((len(events.kind), len(variables)), np.nan)
        energy = np.zeros(len(events.kind))
        for j, name in enumerate(variables):
            mine = _checked(self.schema, events, j)
            if not len(mine):
                continue
            change = np.abs(batch.values(name) - batch.clean_values(name))
            # A value that went missing is an effect without a size. The last row is one that an event may end before.
            effect = np.append(np.where(batch.changed[name], np.nan_to_num(change, nan=np.inf), 0.0), 0.0)
            bounds = np.stack([events.first[mine], events.last[mine]], axis=1).ravel()
            noise = batch.noise(name)[mine]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                peak = np.maximum.reduceat(effect, bounds)[::2]
                total = np.add.reduceat(effect * effect, bounds)[::2]
                by_variable[mine, j] = np.where(peak > 0, peak / noise, 0.0)
                energy[mine] += np.where(total > 0, total / noise**2, 0.0)
        self.checked.append(events.is_checked)
        self.energy.append(np.sqrt(energy))
        self.by_variable.append(by_variable)

    def table(self) -> Table:
        """Return severity and energy of each event, and the severity in each variable."""
        by_variable = np.concatenate(self.by_variable)
        largest = np.where(np.isnan(by_variable), -np.inf, by_variable).max(axis=1, initial=-np.inf)
        return {
            "severity": np.where(largest < 0, np.nan, largest),
            "energy": np.concatenate(self.energy),
            "by_variable": by_variable,
        }

    def result(self) -> dict[str, Any]:
        """Return the fields of the report."""
        severity, energy, by_variable = self.table().values()
        checked = np.concatenate(self.checked)
        variables = enumerate(self.schema.variables)
        has = {name: by_variable[:, j] for j, name in variables if not np.isnan(by_variable[:, j]).all()}
        return {
            "effect": {name: float(np.nanmedian(column)) for name, column in has.items()},
            "events_below_noise": int((severity[checked] < 1.0).sum()),
            "events_undetectable": int((energy[checked] < UNDETECTABLE).sum()),
        }


class Triviality:
    """Which events, and which decoys, one-liners find."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.kind = [np.empty(0, np.int64)]
        self.checked = [np.empty(0, bool)]
        #: by any variable, one-liner by one-liner; and by any one-liner, variable by variable
        self.found = [np.empty((0, len(one_liners())), bool)]
        self.found_in = [np.empty((0, len(schema.variables)), bool)]
        self.alarms = [np.empty((0, len(one_liners())), bool)]

    def add(self, batch: Batch) -> None:
        """Look for the events and decoys of a batch."""
        events, decoys = batch.events, batch.decoys
        found = np.zeros((len(events.kind), len(one_liners())), bool)
        found_in_variable = np.zeros((len(events.kind), len(self.schema.variables)), bool)
        alarms = np.zeros((len(decoys.kind), len(one_liners())), bool)
        for j, name in enumerate(self.schema.variables):
            normal, values = batch.normal_values(name), batch.values(name)
            mine = _checked(self.schema, decoys, j)
            alarms[mine] |= found_in(batch.low, normal, values, np.stack([decoys.start, decoys.stop], axis=1)[mine])
            mine = _checked(self.schema, events, j)
            if len(mine):
                here = found_in(batch.low, normal, values, np.stack([events.start, events.stop], axis=1)[mine])
                found[mine] |= here
                found_in_variable[mine, j] = here.any(axis=1)
        self.kind.append(events.kind)
        self.checked.append(events.is_checked)
        self.found.append(found)
        self.found_in.append(found_in_variable)
        self.alarms.append(alarms[decoys.is_checked])

    def table(self) -> Table:
        """Return whether any one-liner finds each event."""
        return {"found": np.asarray(np.concatenate(self.found).any(axis=1))}

    def result(self) -> dict[str, Any]:
        """Return the fields of the report."""
        kind, checked = np.concatenate(self.kind), np.concatenate(self.checked)
        found, within, alarms = (np.concatenate(x) for x in (self.found, self.found_in, self.alarms))
        by_any: Flags = np.asarray(found.any(axis=1))
        shares = found[checked].mean(axis=0) if checked.any() else np.zeros(len(one_liners()))
        of_kind = {name: checked & (kind == i) for i, name in enumerate(self.schema.kinds)}
        touching = {name: checked & self.schema.touches[kind, j] for j, name in enumerate(self.schema.variables)}
        return {
            "one_liners": dict(zip(one_liners(), shares.tolist(), strict=True)),
            "triviality": float(shares.max()),
            "found_by_any": float(by_any[checked].mean()) if checked.any() else 0.0,
            "triviality_of": {name: float(by_any[mine].mean()) for name, mine in of_kind.items() if mine.any()},
            "triviality_in": {
                name: float(within[mine, j].mean()) for j, (name, mine) in enumerate(touching.items()) if mine.any()
            },
            "decoy_alarms": (dict(zip(one_liners(), alarms.mean(axis=0).tolist(), strict=True)) if len(alarms) else {}),
            "decoys_alarmed_on": float(alarms.any(axis=1).mean()) if len(alarms) else 0.0,
        }


class Duplicates:
    """Rows, and events, that are there twice."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.hashed = 0
        #: 64 bits of each normal, of each anomalous row
        self.hashes: tuple[list[NDArray[np.uint64]], ...] = ([np.empty(0, np.uint64)], [np.empty(0, np.uint64)])
        self.contents: list[int] = []
        self.shapes: dict[int, list[Floats]] = {}

    def add(self, batch: Batch) -> None:
        """Remember rows and events."""
        self._add_rows(batch)
        self._add_events(batch)

    def _add_rows(self, batch: Batch) -> None:
        if self.hashed >= MOST_ROWS:
            return
        mixed = np.zeros(len(batch.data), np.uint64)
        for name in self.schema.variables:
            mixed = (mixed ^ batch.values(name).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(32)
        for label, hashes in enumerate(self.hashes):
            hashes.append(mixed[batch.audited & (batch.data.y == label)][: MOST_ROWS - self.hashed])
        self.hashed += int(batch.audited.sum())

    def _add_events(self, batch: Batch) -> None:
        events, variables = batch.events, self.schema.variables
        touched = [[j for j, is_touched in enumerate(row) if is_touched] for row in self.schema.touches.tolist()]
        for i in np.flatnonzero(events.is_checked).tolist():
            kind, here = int(events.kind[i]), slice(events.first[i], events.last[i])
            values = [(variables[j], batch.values(variables[j])[here]) for j in touched[kind]]
            if not values:
                continue
            self.contents.append(hash((kind, *(x.tobytes() for _, x in values))))
            shapes = self.shapes.setdefault(kind, [])
            if len(shapes) < MOST_SHAPES:
                shapes.append(np.concatenate([shape(x, float(batch.noise(name)[i])) for name, x in values]))

    def result(self) -> dict[str, Any]:
        """Return the fields of the report."""
        normal, anomalous = (np.concatenate(hashes) for hashes in self.hashes)
        return {
            "duplicate_normal": _core.duplicates(normal),
            "duplicate_anomalous": _core.duplicates(anomalous),
            "duplicate_events": len(self.contents) - len(set(self.contents)),
            "near_duplicate_events": sum(near_duplicates(shapes) for shapes in self.shapes.values()),
        }


class Drift:
    """Whether clean values change from the first rows to the last."""

    def __init__(self, schema: Schema, rows: int) -> None:
        self.step = max(rows // MOST_SAMPLES, 1)
        self.samples: dict[str, list[Floats]] = {name: [] for name in schema.variables}

    def add(self, batch: Batch) -> None:
        """Remember every so many rows."""
        for name, samples in self.samples.items():
            clean = batch.clean_values(name)[batch.audited]
            samples.append(clean[-batch.done % self.step :: self.step].copy())  # a view would keep all rows

    def result(self) -> dict[str, Any]:
        """Return the fields of the report."""
        together = {name: np.concatenate(samples) for name, samples in self.samples.items() if samples}
        thirds = {name: (x[: len(x) // 3], x[len(x) - len(x) // 3 :]) for name, x in together.items()}
        return {"drift": {name: two_sample_distance(*parts) for name, parts in thirds.items()}}


def _checked(schema: Schema, events: BatchEvents, variable: int) -> NDArray[np.int64]:
    """Return which events can be checked in a variable: their places."""
    return np.flatnonzero(events.is_checked & schema.touches[events.kind, variable])
