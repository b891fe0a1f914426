"""A mapping of a configuration: its values are checked when they are read, and what nobody reads is noted."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

from paranom_rs._internal.checks import shown

#: Names that older versions of GutenTAG had for keys and kinds, beside "_" for "-".
_OLDER_KEYS = {"creeping-length": "creep-length", "input-timeseries-path-test": "input-timeseries-path"}
_OLDER_KINDS = {"sinus": "sine", "custom-process": "custom-input"}


class Refused(Exception):  # noqa: N818 (it never leaves this folder: it becomes a note)
    """A value that breaks a rule, or something that nothing of ours is like."""


class Table:
    """A mapping under a path; errors and notes name the path."""

    def __init__(self, path: str, values: object) -> None:
        if not isinstance(values, Mapping):
            raise Refused(f"{path}: must be a mapping, got {shown(values)}")
        self.path = path
        self.values = values
        self._read: set[str] = set()
        self._older: dict[str, str] = {}

    def __contains__(self, key: str) -> bool:
        return self.values.get(self._spelled(key)) is not None

    def _spelled(self, key: str) -> str:
        """Return a key as the mapping has it: as it is named now, or as older versions of GutenTAG named it."""
        older = _OLDER_KEYS.get(key, key)
        names = (key, key.replace("-", "_"), older, older.replace("-", "_"))
        return next((name for name in names if self.values.get(name) is not None), key)

    def get(self, key: str) -> Any:
        """Return a value as it stands; None where it is not there."""
        spelled = self._spelled(key)
        self._read |= {key, spelled}
        if spelled != key:
            self._older[spelled] = key
        return self.values.get(spelled)

    def kind(self) -> str:
        """Return its kind, by its newest name."""
        kind = self.text("kind").replace("_", "-")
        return _OLDER_KINDS.get(kind, kind)

    def at(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def number(
        self, key: str, default: float | None = None, *, above: float = -math.inf, least: float = -math.inf
    ) -> float:
        """Return a finite number; Refused where it is missing without a default, or breaks the rule."""
        value = self.get(key)
        if value is None:
            if default is None:
                raise Refused(f"{self.at(key)}: must be given")
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(f"{self.at(key)}: must be a number, got {shown(value)}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Refused(f"{self.at(key)}: must be a finite number, got {shown(value)}")
        if number <= above:
            raise Refused(f"{self.at(key)}: must be > {above:g}, got {shown(value)}")
        if number < least:
            raise Refused(f"{self.at(key)}: must be >= {least:g}, got {shown(value)}")
        return number

    def whole(self, key: str, default: int | None = None, *, least: int = 0, most: int = 2**62) -> int:
        """Return a whole number from ``least`` to ``most``."""
        number = self.number(key, None if default is None else float(default))
        if not number.is_integer() or not least <= number <= most:
            rule = f"must be a whole number from {least} to {most}"
            raise Refused(f"{self.at(key)}: {rule}, got {shown(self.get(key))}")
        return int(number)

    def flag(self, key: str) -> bool:
        """Return true or false; false where it is not there."""
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            raise Refused(f"{self.at(key)}: must be true or false, got {shown(value)}")
        return bool(value)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise Refused(f"{self.at(key)}: must be " + ("given" if value is None else f"a text, got {shown(value)}"))
        return value

    def items(self, key: str) -> list[Any]:
        """Return a list; an empty one where it is not there."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Refused(f"{self.at(key)}: must be a list, got {shown(value)}")
        return value

    def table(self, key: str) -> Table:
        """Return a mapping."""
        return Table(self.at(key), self.get(key))

    def unread(self, known: tuple[str, ...] = ()) -> list[str]:
        """Return a note for each key with an older name, and for each that nobody has read, with the nearest known."""
        notes = [f"{self.at(older)}: is read as {key}, its newer name" for older, key in self._older.items()]
        for key in self.values:
            if key not in self._read and str(key).replace("_", "-") not in known:
                near = difflib.get_close_matches(str(key), sorted(self._read | set(known)), 1, 0.6)
                notes.append(f"{self.at(str(key))}: is not read" + (f"; did you mean {near[0]}?" if near else ""))
        return notes
