"""The known flaws of synthetic benchmarks, looked for in the dataset itself.

Wu & Keogh, "Current Time Series Anomaly Detection Benchmarks are Flawed and are Creating the Illusion of Progress"
(TKDE 2021): events that a line of code finds, unrealistic density, labels that do not match a change, anomalies bunched
at the end. The clean twin makes each computable. Rows are gone through in batches, a variable at a time; what is kept
is a few numbers for each event, and samples.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from paranom_rs._internal.checks import file_path, whole
from paranom_rs.evaluate.association import Association, cramer, evenness, spearman
from paranom_rs.evaluate.triviality import MARGIN, found_in, one_liners
from paranom_rs.generate.dataset import Dataset

if TYPE_CHECKING:
    from paranom_rs.generate.events import Events
    from paranom_rs.generate.generator import Generator

__all__ = ["Audit", "audit", "audit_rows"]

#: Rows that share an estimate of the noise.
PAGE = 4096
#: Rows whose duplicates are counted, values a variable whose stationarity is judged, events of a kind compared.
MOST_COMPARED, MOST_SAMPLED, MOST_EVENTS = 1 << 22, 20_000, 2_000
#: Up to this many noise levels of effect in all, no test tells an event from noise with less than 7 % errors.
UNDETECTABLE = 3.0
BATCH = 1 << 18
#: Rows of an event that are looked at beyond those of the batch.
LONGEST = 1 << 20


@dataclass(frozen=True)
class Audit:
    """What an audit found. ``print(audit)`` reads well, ``to_html`` draws; ``to_dict`` and ``to_json`` give figures."""

    rows: int
    #: share of anomalous rows
    share: float
    events: int
    #: events by name
    kinds: dict[str, int]
    #: shortest, median, longest event, in rows
    lengths: tuple[float, float, float]
    #: shortest, median, longest stretch of normal rows between events
    gaps: tuple[float, float, float]
    #: largest distance between the events' positions and an even spread (Kolmogorov-Smirnov), and its p-value
    position_bias: float
    position_p: float
    #: share of the events in the last tenth of the rows
    last_tenth: float
    #: rows where a variable differs from its clean twin without a label of its own: must be 0
    changed_unlabelled: int
    #: labelled rows that equal the clean twin (a transform that did nothing, a value drawn twice)
    labelled_unchanged: int
    #: share of the events that each one-liner finds
    one_liners: dict[str, float] = field(default_factory=dict)
    #: share of the events that the best one-liner finds, and that any of them does
    triviality: float = 0.0
    found_by_any: float = 0.0
    #: share found by any one-liner, by name of event and by variable
    triviality_of: dict[str, float] = field(default_factory=dict)
    triviality_in: dict[str, float] = field(default_factory=dict)
    #: events that no draw made hard enough, and that these rows go without; decoys
    left_out: int = 0
    decoys: int = 0
    #: share of the decoys that each one-liner alarms on: it finds them as it finds events, and they are normal
    decoy_alarms: dict[str, float] = field(default_factory=dict)
    #: share of the decoys that any one-liner alarms on
    decoys_alarmed_on: float = 0.0
    #: per variable: median severity, the largest change in an event in units of the noise around it
    effect: dict[str, float] = field(default_factory=dict)
    #: events whose largest effect is below the noise in every variable they touch
    events_below_noise: int = 0
    #: events with less than `UNDETECTABLE` noise levels of effect in all (root of the sum of squares)
    events_undetectable: int = 0
    #: pairs of kind, length, severity and position: Cramer's V with a kind, else Spearman's rho; and p-values
    associations: dict[str, Association] = field(default_factory=dict)
    #: normal and anomalous rows whose values equal those of an earlier row of their class (of the first 4,194,304)
    duplicate_normal: int = 0
    duplicate_anomalous: int = 0
    #: events that equal another one in every value, and that nearly do (0.1 noise levels between their shapes)
    duplicate_events: int = 0
    near_duplicate_events: int = 0
    #: per variable: distance (Kolmogorov-Smirnov) between the clean values of the first and of the last third
    drift: dict[str, float] = field(default_factory=dict)
    #: missing values, all rows
    missing: int = 0
    #: for each event: start, stop, kind, severity, energy, found (by any one-liner), and severity in each variable
    table: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, without the table of events."""
        plain = asdict(self)
        del plain["table"]
        plain["associations"] = {pair: found._asdict() for pair, found in self.associations.items()}
        return plain

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the figures as JSON (null where there is none), and write it to ``path`` if one is given."""
        text = json.dumps(_finite(self.to_dict()), indent=2)
        if path is not None:
            file_path(path).write_text(text, encoding="utf-8")
        return text

    def to_html(self, path: str | Path) -> None:
        """Write one page with figures and plots that needs nothing beside it. Needs matplotlib."""
        from paranom_rs.plotting.audit_report import page

        file_path(path).write_text(page(self), encoding="utf-8")

    def lines(self) -> list[tuple[str, str]]:
        """Return what was looked at, and what was found, as texts."""
        kinds = ", ".join(f"{name} {n}" for name, n in self.kinds.items()) or "none"
        spread = "even" if self.position_p > 0.01 else "NOT even"
        best = _largest(self.one_liners) or "-"
        alarms = f", which alarms on {self.decoy_alarms[best]:.1%} of the decoys" if best in self.decoy_alarms else ""
        tied = [f"{pair} {x.measure:.2f} (p = {x.p:.1g})" for pair, x in self.associations.items() if x.p < 0.01]
        return [
            ("rows", f"{self.rows:,}"),
            ("anomalous rows", f"{self.share:.3%}"),
            ("events", f"{self.events:,} ({kinds})"),
            *([("events left out", f"{self.left_out:,} (a one-liner found every draw)")] if self.left_out else []),
            *([("decoys", f"{self.decoys:,}{self._on_decoys()}")] if self.decoys else []),
            ("event lengths", _range(self.lengths)),
            ("gaps between events", _range(self.gaps)),
            (
                "positions",
                f"{spread} (distance {self.position_bias:.3f}, p = {self.position_p:.2f}); "
                f"{self.last_tenth:.0%} in the last tenth",
            ),
            ("changed, not labelled", f"{self.changed_unlabelled:,} rows" + _flag(self.changed_unlabelled)),
            ("labelled, not changed", f"{self.labelled_unchanged:,} rows"),
            ("found by the best one-liner", f"{self.triviality:.1%} of the events (largest {best}{alarms})"),
            ("found by any of them", f"{self.found_by_any:.1%}" + _each(self.triviality_of)),
            *((f"severity in {name}", f"{x:.1f} x noise (median event)") for name, x in self.effect.items()),
            ("events below the noise", f"{self.events_below_noise:,}"),
            ("events no test can tell", f"{self.events_undetectable:,}"),
            ("what goes together", ", ".join(tied) or "nothing (kind, length, severity, position)"),
            ("duplicate rows", f"{self.duplicate_normal:,} normal, {self.duplicate_anomalous:,} anomalous"),
            ("duplicate events", f"{self.duplicate_events:,}, and {self.near_duplicate_events:,} nearly"),
            ("drift of normal values", ", ".join(f"{name} {x:.2f}" for name, x in self.drift.items()) or "-"),
            ("missing values", f"{self.missing:,}"),
        ]

    def _on_decoys(self) -> str:
        worst = _largest(self.decoy_alarms)
        if worst is None:
            return ""
        return f"; one-liners alarm on {self.decoys_alarmed_on:.1%} (largest {worst}: {self.decoy_alarms[worst]:.1%})"

    def __str__(self) -> str:
        lines = self.lines()
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(x) for key, x in value.items()}
        case list() | tuple():
            return [_finite(x) for x in value]
    return value


def _largest(shares: dict[str, float]) -> str | None:
    return max(shares, key=lambda name: shares[name]) if shares else None


def _range(numbers: tuple[float, float, float]) -> str:
    if np.isnan(numbers[1]):
        return "-"
    low, middle, high = numbers
    return f"{low:,.0f} to {high:,.0f} rows, median {middle:,.0f}"


def _flag(count: int) -> str:
    return "  <- the labels are wrong" if count else ""


def _each(shares: dict[str, float]) -> str:
    return f" ({', '.join(f'{name} {x:.0%}' for name, x in shares.items())})" if len(shares) > 1 else ""


def _summary(numbers: NDArray[Any]) -> tuple[float, float, float]:
    if len(numbers) == 0:
        return (np.nan, np.nan, np.nan)
    return (float(numbers.min()), float(np.median(numbers)), float(numbers.max()))


def audit(data: Dataset) -> Audit:
    """Compare a dataset with its clean twin."""
    return _Walk(data.generator, data.intervals, data).result()


def audit_rows(generator: Generator, rows: int, *, start: int = 0, batch_rows: int = BATCH) -> Audit:
    """Audit rows that are never held all at once: the memory of one batch, and of a few numbers for each event."""
    rows, start = whole("rows", rows), whole("start", start)
    stretches = [(start, rows)] if rows else []
    return _Walk(generator, stretches, None, whole("batch_rows", batch_rows, least=1)).result()


class _Walk:
    """One audit: batch after batch, a variable at a time."""

    def __init__(
        self, generator: Generator, stretches: list[tuple[int, int]], data: Dataset | None, batch_rows: int = BATCH
    ) -> None:
        self.generator, self.data = generator, data
        self.names = generator.names
        kinds = generator.kinds
        self.touched = np.array([[name in variables for name in self.names] for _, variables in kinds], bool)
        self.touched = self.touched.reshape(len(kinds), len(self.names))
        self.recorded = np.array([name == "recorded" for name, _ in kinds], bool)
        self.rows = sum(length for _, length in stretches)
        self.step = max(self.rows // MOST_SAMPLED, 1)
        self.anomalous = self.changed_unlabelled = self.labelled_unchanged = self.missing = self.left_out = 0
        self.decoys = 0
        self.columns: dict[str, list[NDArray[Any]]] = {}
        self.samples: list[list[NDArray[np.float64]]] = [[] for _ in self.names]
        self.hashes: tuple[list[NDArray[np.uint64]], list[NDArray[np.uint64]]] = ([], [])
        self.hashed = 0
        self.shapes: dict[int, list[NDArray[np.float64]]] = {}
        self.contents: list[int] = []
        done = 0
        # Before these rows all events, and all decoys, have been looked at.
        self.next = {"anomalies": np.uint64(0), "decoys": np.uint64(0)}
        self.alarms: list[NDArray[np.bool_]] = []
        for spans in self._batches(stretches, batch_rows):
            self._batch(spans, done)
            done += sum(length for _, length in spans)

    def _batches(self, stretches: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
        """Rows to go through together: near each other, and not many; all at once where rows depend on lower ones."""
        if not self._is_plain():
            yield from ([span] for span in stretches)
            return
        spans: list[tuple[int, int]] = []
        for start, length in stretches:
            for at in range(start, start + length, size):
                part = (at, min(size, start + length - at))
                if spans and part[0] + part[1] - spans[0][0] > 2 * size:
                    yield spans
                    spans = []
                spans.append(part)
        if spans:
            yield spans

    def _is_plain(self) -> bool:
        """Whether rows beyond the dataset can be asked for: not of functions, nor of rows that must be unique."""
        return self.generator.source.has_independent_rows

    def _window(self, spans: list[tuple[int, int]]) -> tuple[int, int]:
        """The rows to look at: those around the batch, from a whole page on."""
        low, high = spans[0][0], sum(spans[-1])
        if self._is_plain():
            # Events are looked at whole, unless they go on for ever.
            first, last = low, high
            for of in self.next:
                starts, stops, _, _ = self.generator.source.plan.events(low, high - low, of=of)
                first, last = min([first, *starts[:1].tolist()]), max([last, *stops[-1:].tolist()])
            low = max(first, low - LONGEST)
            low -= min(low, MARGIN)
            low -= low % PAGE
            most = self.generator.source.plan.most_rows
            high = min(last, high + LONGEST)
            high = min(high + MARGIN, 2**64 if most is None else most)
        return low, high

    def _batch(self, spans: list[tuple[int, int]], done: int) -> None:
        low, high = self._window(spans)
        rows = high - low
        dtype = np.float64 if self.data is None else self.data[self.names[0]].dtype
        made = Dataset.filled(self.generator.source, [(low, rows)], self.generator.source.allocate(rows, dtype))
        clean = made.clean
        normal = clean if not self.generator.source.plan.decoys else _without_events(self.generator, low, rows, dtype)
        mine = np.zeros(rows, bool)
        at = done
        for begin, length in spans:
            here = slice(begin - low, begin - low + length)
            mine[here] = True
            if self.data is not None:
                for name in self.names:
                    made[name][here] = self.data[name][at : at + length]
                at += length
        counted = np.concatenate([[0], np.cumsum(mine)])

        def new(of: str, events: Events) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
            """Start, stop and kind of those to look at now, and which lie in these rows as a whole.

            Each is looked at once, in the first batch that it has rows in.
            """
            first, last = _places(events.start, low, rows), _places(events.stop, low, rows)
            chosen = (counted[last] > counted[first]) & (events.start >= self.next[of])
            start, stop = events.start[chosen], events.stop[chosen]
            if len(stop):
                self.next[of] = stop[-1]
            within = (start >= np.uint64(low)) & (stop <= np.uint64(min(high, 2**64 - 1)))
            return start, stop, events.kind[chosen], within

        start, stop, kind, whole_event = new("anomalies", made.events)
        first, last = _places(start, low, rows), _places(stop, low, rows)
        judged = ~self.recorded[kind] & whole_event
        decoy_start, decoy_stop, decoy_kind, whole_decoy = new("decoys", made.decoys)
        alarms = np.zeros((len(decoy_kind), len(one_liners())), bool)
        severity = np.full((len(kind), len(self.names)), np.nan)
        energy = np.zeros(len(kind))
        found = np.zeros((len(kind), len(one_liners())), bool)
        found_in_variable = np.zeros((len(kind), len(self.names)), bool)
        changed, unlabelled = np.zeros(rows, bool), np.zeros(rows, bool)
        labels = made.labels
        contents: list[list[bytes]] = [[] for _ in kind]
        shapes: list[list[NDArray[np.float64]]] = [[] for _ in kind]
        for j, name in enumerate(self.names):
            values, twin = made[name].astype(np.float64), clean[name].astype(np.float64)
            same = (values == twin) | (np.isnan(values) & np.isnan(twin))
            changed |= ~same
            unlabelled |= ~same & (labels[:, j] == 0)
            self.missing += int(np.isnan(values[mine]).sum())
            self.samples[j].append(
                twin[mine][-done % self.step :: self.step].copy()
            )  # not a view: it would keep all rows
            rare = np.flatnonzero(whole_decoy & self.touched[decoy_kind, j])
            alarms[rare] |= found_in(
                low, normal[name].astype(np.float64), values, np.stack([decoy_start, decoy_stop], axis=1)[rare]
            )
            # What a recording is labelled with is in its clean twin too: nothing to compare.
            touched = np.flatnonzero(judged & self.touched[kind, j])
            if not len(touched):
                continue
            noise = _noise(twin)
            # A value that went missing is an effect without a size.
            difference = np.append(np.where(same, 0.0, np.nan_to_num(np.abs(values - twin), nan=np.inf)), 0.0)
            pairs = np.stack(
                [first[touched], first[touched] + (stop - start)[touched].astype(np.int64)], axis=1
            ).ravel()
            level = noise[first[touched] // PAGE]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                peak = np.maximum.reduceat(difference, pairs)[::2]
                total = np.add.reduceat(difference * difference, pairs)[::2]
                severity[touched, j] = np.where(peak > 0, peak / level, 0.0)
                energy[touched] += np.where(total > 0, total / level**2, 0.0)
            base = normal[name].astype(np.float64)
            hits = found_in(low, base, values, np.stack([start, stop], axis=1)[touched])
            found[touched] |= hits
            found_in_variable[touched, j] = hits.any(axis=1)
            for at_event, sigma in zip(touched.tolist(), level.tolist(), strict=True):
                own = values[first[at_event] : last[at_event]]
                contents[at_event].append(own.tobytes())
                shapes[at_event].append(_shape(own, sigma))
        labelled = made.y.astype(bool)
        self.anomalous += int((labelled & mine).sum())
        self.changed_unlabelled += int((unlabelled & mine).sum())
        self.labelled_unchanged += int((labelled & ~changed & ~clean.y.astype(bool) & mine).sum())
        mine_or_end = np.append(mine, False)
        self.left_out += int(mine_or_end[_places(made.left_out.start, low, rows)].sum())
        self.decoys += int(mine_or_end[_places(made.decoys.start, low, rows)].sum())
        self.alarms.append(alarms[whole_decoy])
        self._hash(made, mine, labelled)
        for i in range(len(kind)):
            if contents[i]:
                self.contents.append(hash((int(kind[i]), *contents[i])))
                if len(self.shapes.setdefault(int(kind[i]), [])) < MOST_EVENTS:
                    self.shapes[int(kind[i])].append(np.concatenate(shapes[i]))
        worst = np.where(np.isnan(severity), -np.inf, severity).max(axis=1, initial=-np.inf)
        numbers: dict[str, NDArray[Any]] = {
            "start": start, "stop": stop, "kind": kind, "severity": np.where(worst < 0, np.nan, worst),
            "energy": np.sqrt(energy), "position": (done + counted[first]) / max(self.rows, 1),
            "judged": judged, "by_variable": severity, "found": found, "found_in": found_in_variable,
        }  # fmt: skip
        for column, part in numbers.items():
            self.columns.setdefault(column, []).append(part)

    def _hash(self, made: Dataset, mine: NDArray[np.bool_], labelled: NDArray[np.bool_]) -> None:
        """Remember 64 bits of each row's values."""
        if self.hashed >= MOST_COMPARED:
            return
        mixed = np.zeros(len(made), np.uint64)
        for name in self.names:
            bits = made[name].astype(np.float64).view(np.uint64)
            mixed = (mixed ^ bits) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(32)
        for bad, hashes in enumerate(self.hashes):
            hashes.append(mixed[mine & (labelled == bool(bad))][: MOST_COMPARED - self.hashed])
        self.hashed += int(mine.sum())

    def result(self) -> Audit:
        """Sum up."""
        d, n_lines = len(self.names), len(one_liners())
        empty: dict[str, NDArray[Any]] = {
            "start": np.empty(0, np.uint64), "stop": np.empty(0, np.uint64), "kind": np.empty(0, np.int64),
            "severity": np.empty(0), "energy": np.empty(0), "position": np.empty(0), "judged": np.empty(0, bool),
            "by_variable": np.empty((0, d)), "found": np.empty((0, n_lines), bool), "found_in": np.empty((0, d), bool),
        }  # fmt: skip
        table = {name: np.concatenate([x, *self.columns.get(name, [])]) for name, x in empty.items()}
        kinds = [name for name, _ in self.generator.kinds]
        decoys = set(self.generator.source.plan.decoys)
        start, stop, kind, judged = table["start"], table["stop"], table["kind"], table.pop("judged")
        every, within = table.pop("found"), table.pop("found_in")
        table["found"] = np.asarray(every.any(axis=1))
        # Counted among the kinds that are no decoys, as `kinds` is.
        table["kind"] = kind - np.searchsorted(sorted(decoys), kind)
        alarms = np.concatenate([np.empty((0, n_lines), bool), *self.alarms])
        shares = every[judged].mean(axis=0) if judged.any() else np.zeros(n_lines)
        lengths = (stop - start).astype(np.float64)
        gaps = (start[1:] - stop[:-1]).astype(np.float64) if len(start) > 1 else np.empty(0)
        bias, p = evenness(table["position"]) if len(start) else Association(0.0, 1.0)
        severity, by_variable = table["severity"], table["by_variable"]
        has = [j for j in range(d) if np.isfinite(by_variable[:, j]).any() or np.isinf(by_variable[:, j]).any()]
        return Audit(
            rows=self.rows,
            share=self.anomalous / self.rows if self.rows else 0.0,
            events=len(start),
            kinds={name: int((kind == i).sum()) for i, name in enumerate(kinds) if i not in decoys},
            lengths=_summary(lengths),
            gaps=_summary(gaps),
            position_bias=bias,
            position_p=p,
            last_tenth=float((table["position"] >= 0.9).mean()) if len(start) else 0.0,
            changed_unlabelled=self.changed_unlabelled,
            labelled_unchanged=self.labelled_unchanged,
            one_liners=dict(zip(one_liners(), shares.tolist(), strict=True)),
            triviality=float(shares.max()),
            found_by_any=float(table["found"][judged].mean()) if judged.any() else 0.0,
            triviality_of={
                name: float(table["found"][judged & (kind == i)].mean())
                for i, name in enumerate(kinds)
                if (judged & (kind == i)).any()
            },
            triviality_in={
                name: float(within[judged & self.touched[kind, j], j].mean())
                for j, name in enumerate(self.names)
                if (judged & self.touched[kind, j]).any()
            },
            left_out=int(self.left_out),
            decoys=self.decoys,
            decoy_alarms=dict(zip(one_liners(), alarms.mean(axis=0).tolist(), strict=True)) if len(alarms) else {},
            decoys_alarmed_on=float(alarms.any(axis=1).mean()) if len(alarms) else 0.0,
            effect={self.names[j]: float(np.nanmedian(by_variable[:, j])) for j in has},
            events_below_noise=int((severity[judged] < 1.0).sum()),
            events_undetectable=int((table["energy"][judged] < UNDETECTABLE).sum()),
            associations=_associations(kind[judged], lengths[judged], severity[judged], table["position"][judged]),
            duplicate_normal=_duplicates(self.hashes[False]),
            duplicate_anomalous=_duplicates(self.hashes[True]),
            duplicate_events=len(self.contents) - len(set(self.contents)),
            near_duplicate_events=sum(_near(shapes) for shapes in self.shapes.values()),
            drift={name: _drift(np.concatenate(x)) for name, x in zip(self.names, self.samples, strict=True) if x},
            missing=self.missing,
            table=table,
        )


def _places(rows: NDArray[np.uint64], low: int, length: int) -> NDArray[np.int64]:
    """Row numbers, counted from ``low``, as places in the ``length`` rows from there on."""
    at = np.maximum(rows, np.uint64(low)) - np.uint64(low)
    return np.minimum(at, np.uint64(length)).astype(np.int64)


def _without_events(generator: Generator, start: int, rows: int, dtype: Any) -> Dataset:
    """The rows as they are without anomalies and decoys: those that events are judged in."""
    bare = generator.source.without_anomalies()
    return Dataset.filled(bare, [(start, rows)], bare.allocate(rows, dtype))


def _noise(clean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the noise of each page: a robust standard deviation of second differences, over sqrt(6).

    Second differences of white noise have 6 times its variance; those of a smooth signal are small.
    """
    bend = np.full(-(-max(len(clean), 1) // PAGE) * PAGE, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        if len(clean) > 2:
            bend[1 : len(clean) - 1] = np.abs(np.diff(clean, 2))
    bend[~np.isfinite(bend)] = np.nan
    known = bend[~np.isnan(bend)]
    overall = float(np.median(known)) if len(known) else 0.0
    pages = bend.reshape(-1, PAGE)
    enough = (~np.isnan(pages)).sum(axis=1) >= PAGE // 16
    level = np.full(len(pages), overall)
    if enough.any():
        level[enough] = np.nanmedian(pages[enough], axis=1)
    return level / 0.6745 / math.sqrt(6)


def _shape(values: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """An event's values at 16 places, in units of the noise."""
    places = np.interp(np.linspace(0, len(values) - 1, 16), np.arange(len(values)), values)
    return places / noise if noise > 0 else places


def _near(shapes: list[NDArray[np.float64]]) -> int:
    """How many of these have another one within 0.1 of them at each place, on average."""
    x = np.nan_to_num(np.stack(shapes), nan=0.0, posinf=0.0, neginf=0.0)
    near = np.zeros(len(x), bool)
    squares = (x * x).sum(axis=1)
    for at in range(0, len(x), 256):
        part = slice(at, at + 256)
        apart = squares[part, None] + squares - 2 * x[part] @ x.T
        apart[np.arange(len(apart)), np.arange(at, at + len(apart))] = np.inf
        near[part] = apart.min(axis=1) < 0.01 * x.shape[1]
    return int(near.sum())


def _duplicates(hashes: list[NDArray[np.uint64]]) -> int:
    together = np.concatenate([np.empty(0, np.uint64), *hashes])
    return len(together) - len(np.unique(together))


def _drift(x: NDArray[np.float64]) -> float:
    """Return the Kolmogorov-Smirnov distance between the first and the last third."""
    third = len(x) // 3
    first, last = np.sort(x[:third]), np.sort(x[len(x) - third :])
    first, last = first[np.isfinite(first)], last[np.isfinite(last)]
    if not len(first) or not len(last):
        return 0.0
    both = np.concatenate([first, last])
    shares = [np.searchsorted(part, both, side="right") / len(part) for part in (first, last)]
    return float(np.abs(shares[0] - shares[1]).max())


def _associations(
    kind: NDArray[Any], length: NDArray[Any], severity: NDArray[Any], position: NDArray[Any]
) -> dict[str, Association]:
    """Whether what should be independent is."""
    severity = np.nan_to_num(severity, nan=-1.0, posinf=1e300)
    numbers = {"length": length, "severity": severity, "position": position}
    found: dict[str, Association] = {}
    if len(kind) < 8:
        return found
    for i, (name, x) in enumerate(numbers.items()):
        quarter = np.searchsorted(np.quantile(x, [0.25, 0.5, 0.75], method="lower"), x, side="left")
        found[f"kind and {name}"] = cramer(kind, quarter)
        for other in list(numbers)[i + 1 :]:
            found[f"{name} and {other}"] = spearman(x, numbers[other])
    return {pair: x for pair, x in found.items() if not math.isnan(x.p)}
