"""Read a configuration: each series for itself, so that a bad one costs no other.

The values are not GutenTAG's: same kinds of signals and anomalies, other random numbers. Positions "beginning",
"middle" and "end" are drawn within their third of the series, from its name.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs._internal.checks import file_path, shown
from paranom_rs._internal.optional import require
from paranom_rs._internal.text_files import read_text
from paranom_rs.connect.gutentag.channel import Channel, Note, read_channel
from paranom_rs.connect.gutentag.effects import Place, effect_of
from paranom_rs.connect.gutentag.placement import Taken, Wanted, place
from paranom_rs.connect.gutentag.table import Refused, Table
from paranom_rs.errors import SpecError, SpecTypeError
from paranom_rs.generate.anomalies import Anomaly
from paranom_rs.generate.generator import Generator
from paranom_rs.generate.variables import Stochastic

_MOST_BYTES = 16 << 20
#: Values of a configuration with its aliases written out, and how deep they lie.
_MOST_VALUES, _MOST_DEPTH = 1_000_000, 100
_MOST_CHANNELS, _MOST_ANOMALIES = 10_000, 100_000
#: Anomalies of a series that are left out one after the other before the series is.
_MOST_REFUSED = 100
_POSITIONS = ("beginning", "middle", "end")


@dataclass(frozen=True)
class Imported:
    """A series of a configuration: its name, its rows, a generator of it, and notes on what differs.

    ``generator`` is None where the series cannot be had; the notes say why.
    """

    name: str
    rows: int
    generator: Generator | None
    notes: tuple[str, ...]


def read_config(path: str | Path, *, seed: int = 0) -> list[Imported]:
    """Read a GutenTAG configuration, YAML or JSON; see `Generator.from_gutentag`.

    Examples
    --------
    >>> import json
    >>> from pathlib import Path
    >>> from paranom_rs.connect.gutentag import read_config
    >>> wave = {"kind": "sine", "frequency": 2.0}
    >>> series = {"name": "a", "length": 500, "base-oscillations": [wave], "anomalies": []}
    >>> _ = Path("config.json").write_text(json.dumps({"timeseries": [series]}))
    >>> [made] = read_config("config.json")
    >>> made.name, made.generator.generate(made.rows).X.shape
    ('a', (500, 1))
    """
    path = file_path(path)
    config = _load(path)
    series = config.get("timeseries") if isinstance(config, dict) else None
    if not isinstance(series, list):
        raise SpecError(path, "must hold a list of series under timeseries")
    return [_series(entry, f"ts_{i}", seed) for i, entry in enumerate(series)]


def _load(path: Path) -> Any:
    yaml = require("yaml", "gutentag", "a GutenTAG configuration")
    text = read_text(path, most=_MOST_BYTES)
    try:
        config = yaml.safe_load(text)
        size = _size(config, {}, 0)
    except (yaml.YAMLError, ValueError) as error:  # also for a number of more digits than Python reads
        raise SpecError(path, f"must be YAML ({_first_line(error)})") from None
    except RecursionError:
        raise SpecError(path, f"must be nested at most {_MOST_DEPTH} deep, and must not hold itself") from None
    if size > _MOST_VALUES:
        raise SpecError(path, f"must hold at most {_MOST_VALUES} values, aliases written out", str(size))
    return config


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]


def _size(value: Any, known: dict[int, int], depth: int) -> int:
    """Return how many values there are with aliases written out; each is looked at once."""
    if depth > _MOST_DEPTH:
        raise RecursionError
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        parts = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(part, known, depth + 1) for part in parts)
    return known[id(value)]


def _series(entry: object, name: str, seed: int) -> Imported:
    notes: dict[str, None] = {}  # each note once, in order
    rows = 0

    def note(text: str) -> None:
        notes[text] = None

    try:
        table = Table("", entry)
        name = str(table.values.get("name", name))
        table.get("name")
        rows = table.whole("length", 10_000, least=1)
        channels = _channels(table, rows, note)
        anomalies = _anomalies(table, channels, rows, name, note)
        if table.flag("semi-supervised") | table.flag("supervised"):
            note("training series: generate them as rows beyond the length, or with data.clean")
        for text in table.unread(("base-oscillation", "base-oscillations", "channels", "anomalies")):
            note(text)
        variables: dict[str, Any] = dict(x.drawn for x in channels if x.drawn is not None)
        variables |= {f"value-{i}": Stochastic(channel.rule()) for i, channel in enumerate(channels)}
        generator = _generator(variables, anomalies, seed, note)
    except (Refused, SpecError, SpecTypeError) as error:
        why = str(error) if isinstance(error, Refused) else f"is refused: {error}"
        return Imported(name, rows, None, (*notes, *_lost(entry, name), why))
    return Imported(name, rows, generator, tuple(notes))


def _generator(variables: dict[str, Any], anomalies: list[Anomaly], seed: int, note: Note) -> Generator:
    """Return the generator; an anomaly that it refuses is left out."""
    anomalies = list(anomalies)
    for _ in range(_MOST_REFUSED):
        try:
            return Generator(variables, anomalies=anomalies or None, seed=seed)
        except (SpecError, SpecTypeError) as error:
            named = re.match(r"anomalies\[(\d+)\]", error.path)
            if named is None:
                raise
            out = anomalies.pop(int(named[1]))
            note(f"anomaly {out.name}: is left out: it is refused: {error}")
    return Generator(variables, anomalies=anomalies or None, seed=seed)


def _lost(entry: object, name: str) -> list[str]:
    """Return a note on the anomalies that a series takes along that cannot be had."""
    anomalies = entry.get("anomalies") if isinstance(entry, dict) else None
    lost = len(anomalies) if isinstance(anomalies, list) else 0
    which = "anomalies[0]" if lost == 1 else f"anomalies[0] to [{lost - 1}]"
    return [f"{which}: left out with the whole series {shown(name)}"] if lost else []


def _channels(table: Table, rows: int, note: Note) -> list[Channel]:
    if "base-oscillations" in table:
        entries = table.items("base-oscillations")
        if "channels" in table and table.get("channels") != len(entries):
            note(f"channels: {shown(table.get('channels'))} is not read: there are {len(entries)} base-oscillations")
        paths = [f"base-oscillations[{i}]" for i in range(len(entries))]
    elif "base-oscillation" in table:
        entries = [table.get("base-oscillation")] * table.whole("channels", least=1, most=_MOST_CHANNELS)
        paths = ["base-oscillation"] * len(entries)
    else:
        raise Refused("must have base-oscillations, or base-oscillation and channels")
    if not 1 <= len(entries) <= _MOST_CHANNELS:
        raise Refused(f"base-oscillations: must be 1 to {_MOST_CHANNELS}, got {len(entries)}")
    channels = []
    for i, (path, values) in enumerate(zip(paths, entries, strict=True)):
        try:
            channels.append(read_channel(Table(path, values), i, rows, note))
        except ArithmeticError:
            raise Refused(f"{path}: must have numbers that float64 can reckon with") from None
    return channels


@dataclass(frozen=True)
class _Entry:
    """An anomaly as the configuration has it."""

    number: int
    table: Table
    kinds: list[Table]
    channel: int
    length: int
    creeping: int
    exact: int | None
    third: int


def _anomalies(table: Table, channels: list[Channel], rows: int, name: str, note: Note) -> list[Anomaly]:
    given = table.items("anomalies")
    if len(given) > _MOST_ANOMALIES:
        raise Refused(f"anomalies: must be at most {_MOST_ANOMALIES}, got {len(given)}")
    entries = []
    for i, values in enumerate(given):
        try:
            entries.append(_entry(i, Table(f"anomalies[{i}]", values), len(channels), rows, note))
        except Refused as error:
            note(f"{error}: the anomaly is left out")
    starts = _starts(entries, rows, name, note)
    return _events([entry for entry in entries if entry.number in starts], starts, channels, note)


def _entry(number: int, table: Table, channels: int, rows: int, note: Note) -> _Entry:
    kinds = [_kind(f"{table.path}.kinds[{j}]", kind) for j, kind in enumerate(table.items("kinds"))]
    if not kinds:
        raise Refused(f"{table.at('kinds')}: must name a kind")
    channel = table.whole("channel", 0, most=channels - 1)
    length = table.whole("length", 200, least=1)
    if any(kind.values.get("kind") == "extremum" for kind in kinds) and length > 1:
        note(f"{table.at('length')}: an extremum has one row, as in GutenTAG, not {length}")
        length = 1
    if length > rows:
        raise Refused(f"{table.at('length')}: must be at most the {rows} rows of the series, got {length}")
    position = table.text("position", "middle")
    if position not in _POSITIONS:
        raise Refused(f"{table.at('position')}: must be one of {', '.join(_POSITIONS)}, got {position!r:.60}")
    exact = None
    if "exact-position" in table:
        exact = table.whole("exact-position")
        if exact + length > rows:
            raise Refused(f"{table.at('exact-position')}: must leave room for {length} of {rows} rows, got {exact}")
    entry = _Entry(
        number=number,
        table=table,
        kinds=kinds,
        channel=channel,
        length=length,
        creeping=table.whole("creeping-length", 0, most=length),
        exact=exact,
        third=_POSITIONS.index(position),
    )
    for text in table.unread():
        note(text)
    return entry


def _kind(path: str, values: object) -> Table:
    """Return a kind; older configurations have what it takes under parameters, and a trend's oscillation there."""
    table = Table(path, values)
    if "parameters" not in table:
        table.get("parameters")
        return table
    within = table.table("parameters").values
    others = {key: value for key, value in table.values.items() if key != "parameters"}
    if others.get("kind") == "trend" and "oscillation" not in within:
        within = {"oscillation": within}
    for key in within:
        if key in others:
            raise Refused(f"{table.at(str(key))}: must be given once, and is under parameters as well")
    return Table(path, {**others, **within})


def _starts(entries: list[_Entry], rows: int, name: str, note: Note) -> dict[int, int]:
    """Return the first row of each anomaly that has room."""
    starts: dict[int, int] = {}
    taken = Taken()
    channels_of: dict[tuple[int, int], set[int]] = {}
    for entry in entries:
        if entry.exact is None:
            continue
        mine = (entry.exact, entry.exact + entry.length)
        clash = taken.touching(*mine)
        if clash is not None and (clash != mine or entry.channel in channels_of[mine]):
            note(
                f"{entry.table.path}: is left out: rows {mine[0]} to {mine[1]} touch another anomaly's, {clash[0]} to "
                f"{clash[1]}; events may share rows only in different channels, and then all of them"
            )
            continue
        if clash is None:
            taken.add(*mine)
        channels_of.setdefault(mine, set()).add(entry.channel)
        starts[entry.number] = entry.exact
    # Drawn from the name, so that other series change nothing.
    rng = np.random.default_rng(zlib.crc32(name.encode(errors="surrogatepass")))
    free = [Wanted(e.number, e.length, e.third) for e in entries if e.exact is None]
    found = place(free, taken, rows, rng)
    for entry in entries:
        if entry.exact is not None:
            continue
        if entry.number not in found:
            note(f"{entry.table.path}: is left out: {rows} rows have no room for {entry.length} beside the others")
            continue
        low, high = entry.third * rows // 3, (entry.third + 1) * rows // 3
        if not low <= found[entry.number] < high:
            note(f"{entry.table.path}: lies outside its third of the series, which has no room for it")
    return starts | found


def _events(entries: list[_Entry], starts: dict[int, int], channels: list[Channel], note: Note) -> list[Anomaly]:
    """Return an anomaly of ours for each interval; those of several channels in the same rows are one."""
    together: dict[tuple[int, int], list[_Entry]] = {}
    for entry in entries:
        together.setdefault((starts[entry.number], entry.length), []).append(entry)
    made = []
    for (start, length), group in sorted(together.items()):
        values, names, onsets = {}, [], set()
        for entry in group:
            effect = effect_of(entry.kinds, channels[entry.channel], Place(start, length), note)
            if effect is None:
                note(f"{entry.table.path}: is left out: none of its kinds can be had")
                continue
            values[f"value-{entry.channel}"] = effect
            names.append(f"{entry.kinds[0].kind()}-{entry.number}")
            onsets.add(entry.creeping)
        if not values:
            continue
        if len(onsets) > 1:
            note(f"{group[0].table.path}: the channels of one event creep in together, over {max(onsets)} rows")
        creeping = max(onsets)
        made.append(
            Anomaly(
                name="+".join(names),
                events=[(start, start + length)],
                values=values,
                onset=creeping / length if creeping else None,
            )
        )
    return made
