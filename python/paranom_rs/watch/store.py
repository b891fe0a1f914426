"""What is kept, in a database: samples with their scores, alarms, actions, snapshots of detectors.

SQLite in a file (in WAL mode) or PostgreSQL. One process writes to a store at a time; it holds a lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from paranom_rs._internal.checks import shown
from paranom_rs._internal.optional import needs
from paranom_rs.errors import SpecError
from paranom_rs.watch.buckets import COARSE, Buckets
from paranom_rs.watch.records import Action, Alarm, Snapshot
from paranom_rs.watch.rows import Rows
from paranom_rs.watch.schema import ACTIONS, ALARMS, HISTORY, KEYS, META, SAMPLES, SNAPSHOTS, TABLES

with needs("SQLAlchemy", "watch", "paranom_rs.watch"):
    from sqlalchemy import (
        Connection,
        and_,
        bindparam,
        create_engine,
        delete,
        event,
        func,
        insert,
        make_url,
        or_,
        select,
        text,
        update,
    )
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

try:
    import fcntl
except ImportError:  # Windows, where SQLite's own lock has to do
    fcntl = None  # type: ignore[assignment]

__all__ = ["Store"]

#: The version of the tables.
_VERSION = "1"
#: Of PostgreSQL's advisory locks.
_LOCK = 0x70617261

#: The entries of samples of the key ``wanted`` from ``start`` to ``stop``. What is asked most often is built once.
_WANTED: Any = bindparam("wanted")
_START: Any = bindparam("start")
_BEFORE = select(func.max(SAMPLES.c.first)).where(SAMPLES.c.key == _WANTED, SAMPLES.c.first <= _START)
_RANGE = (
    select(SAMPLES)
    .where(
        SAMPLES.c.key == _WANTED,
        SAMPLES.c.first >= func.coalesce(_BEFORE.scalar_subquery(), _START),
        SAMPLES.c.first < bindparam("stop"),
    )
    .order_by(SAMPLES.c.first)
)


class Store:
    """A database, opened for one process that writes and any number of threads that read.

    Parameters
    ----------
    where
        A file for SQLite, or a URL for SQLAlchemy: ``sqlite:///file``, ``postgresql+psycopg://user@host/name``.

    Raises
    ------
    SpecError
        A URL that names no SQLite or PostgreSQL; a store of another version; a store that another process has open.
    OSError
        A database that cannot be opened.
    """

    def __init__(self, where: str | Path) -> None:
        url = _url(where)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._lock_file: IO[bytes] | None = None
        self._lock_connection: Connection | None = None
        # One writes, some listen; each request that reads takes one for a moment.
        self._engine = create_engine(url, pool_size=8, max_overflow=64, pool_pre_ping=not self.is_sqlite)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
        try:
            self._take_lock(str(where), url.database)
            self._writer = self._engine.connect()
            TABLES.create_all(self._writer)
            self._writer.commit()
            version = self.meta().get("version")
            if version is None:
                with self.writing():
                    self.set_meta({"version": _VERSION})
            elif version != _VERSION:
                raise SpecError("store", f"must be of version {_VERSION}", version)
        except DBAPIError as error:
            self.close()
            raise _as_oserror(error, f"the store {str(where).rpartition('@')[2]} cannot be opened") from None
        except BaseException:
            self.close()
            raise

    def _take_lock(self, name: str, database: str | None) -> None:
        if not self.is_sqlite:
            self._lock_connection = self._engine.connect()
            if not self._lock_connection.scalar(select(func.pg_try_advisory_lock(_LOCK))):
                raise SpecError("store", "must not be open in another process", name.rpartition("@")[2])
        elif fcntl is not None and database not in (None, "", ":memory:"):
            self._lock_file = Path(f"{database}.lock").open("ab")  # noqa: SIM115  it is held until `close`
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SpecError("store", "must not be open in another process", name) from None

    def close(self) -> None:
        """Close the database; nothing can be read or written any more."""
        if hasattr(self, "_writer"):
            self._writer.close()
        if self._lock_connection is not None:
            self._lock_connection.close()
        self._engine.dispose()
        if self._lock_file is not None:
            self._lock_file.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make what is written inside ``with`` last, all of it or, on an error, nothing.

        Raises
        ------
        OSError
            The database does not take it.
        """
        try:
            yield
            self._writer.commit()
        except BaseException as error:
            with suppress(Exception):  # a connection that is lost cannot roll back, and need not
                self._writer.rollback()
            if isinstance(error, DBAPIError):
                raise _as_oserror(error, "the store does not take more") from None
            raise

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    # Settings and keys

    def meta(self) -> dict[str, str]:
        """Return what `set_meta` wrote."""
        with self._reading() as connection:
            return {row.name: row.value for row in connection.execute(select(META))}

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Write texts by name."""
        for name, value in values.items():
            if self._writer.execute(update(META).where(META.c.name == name).values(value=value)).rowcount == 0:
                self._writer.execute(insert(META).values(name=name, value=value))

    def key_names(self) -> list[tuple[int, str]]:
        """Return the number and the name of each key."""
        with self._reading() as connection:
            return [(row.id, row.name) for row in connection.execute(select(KEYS).order_by(KEYS.c.id))]

    def add_key(self, name: str) -> int:
        """Return the number of a new key."""
        found = self._writer.execute(insert(KEYS).values(name=name))
        return int(found.inserted_primary_key[0])  # type: ignore[index]

    def last_rows(self, d: int) -> dict[int, Rows]:
        """Return the last sample of each key that has samples."""
        last = select(SAMPLES.c.key, func.max(SAMPLES.c.first).label("first")).group_by(SAMPLES.c.key).subquery()
        query = select(SAMPLES).join(last, and_(SAMPLES.c.key == last.c.key, SAMPLES.c.first == last.c.first))
        with self._reading() as connection:
            found = {row.key: _rows(row, d) for row in connection.execute(query)}
        return {key: rows.between(rows.stop - 1, rows.stop) for key, rows in found.items()}

    # Samples

    def add_rows(self, rows: Iterable[tuple[int, Rows]]) -> None:
        """Write samples of keys."""
        entries = [{"key": key, "first": part.first, "n": len(part), "data": part.to_bytes()} for key, part in rows]
        if entries:
            self._writer.execute(insert(SAMPLES), entries)

    def rows(self, key: int, start: int, stop: int, d: int) -> Rows:
        """Return the samples of a key from number ``start`` to ``stop - 1`` that are kept.

        They follow each other without a gap: those before one are left out.
        """
        with self._reading() as connection:
            return self._rows(connection, key, start, stop, d)

    def rows_in_transaction(self, key: int, start: int, stop: int, d: int) -> Rows:
        """As `rows`, with what is written and not yet committed."""
        return self._rows(self._writer, key, start, stop, d)

    def _rows(self, connection: Connection, key: int, start: int, stop: int, d: int) -> Rows:
        found = connection.execute(_RANGE, {"wanted": key, "start": start, "stop": stop})
        parts = [_rows(row, d) for row in found]
        # Between the first reference, which is kept, and the samples that are kept there may be a gap.
        begin = max((i for i in range(1, len(parts)) if parts[i].first != parts[i - 1].stop), default=0)
        return Rows.joined(parts[begin:], start, d).between(start, stop)

    def oldest(self, key: int) -> int | None:
        """Return the number of the first sample that is kept, those of the first reference aside."""
        query = select(SAMPLES.c.first, SAMPLES.c.n).where(SAMPLES.c.key == key).order_by(SAMPLES.c.first)
        with self._reading() as connection:
            found = connection.execute(query.limit(2)).all()
        if len(found) == 2 and found[0].first + found[0].n < found[1].first:
            return int(found[1].first)
        return int(found[0].first) if found else None

    def _take(self, key: int, start: int, stop: int, d: int) -> Rows:
        """Remove the samples from number ``start`` to ``stop - 1``, and return them."""
        overlap = and_(SAMPLES.c.key == key, SAMPLES.c.first < stop, SAMPLES.c.first + SAMPLES.c.n > start)
        parts = [
            _rows(row, d) for row in self._writer.execute(select(SAMPLES).where(overlap).order_by(SAMPLES.c.first))
        ]
        if parts:
            self._writer.execute(delete(SAMPLES).where(overlap))
            rest = (parts[0].between(parts[0].first, start), parts[-1].between(stop, parts[-1].stop))
            self.add_rows([(key, part) for part in rest if len(part)])
        return Rows.joined([part.between(start, stop) for part in parts], start, d)

    def merge(self, key: int, start: int, stop: int, d: int) -> None:
        """Put the samples from number ``start`` to ``stop - 1``, many entries of a few each, into one entry."""
        rows = self._take(key, start, stop, d)
        if len(rows):
            self.add_rows([(key, rows)])

    def thin(self, key: int, start: int, stop: int, d: int) -> None:
        """Replace the samples from number ``start`` to ``stop - 1``, both multiples of `COARSE`, by buckets."""
        rows = self._take(key, start, stop, d)
        if len(rows):
            buckets = Buckets.of(rows, COARSE)
            entry = {"key": key, "first": rows.first, "n": len(buckets), "data": buckets.to_bytes()}
            self._writer.execute(insert(HISTORY).values(entry))

    def thinned(self, key: int, start: int, stop: int, d: int) -> Buckets:
        """Return the buckets of `thin` that overlap the samples from ``start`` to ``stop - 1``."""
        query = select(HISTORY).where(
            HISTORY.c.key == key, HISTORY.c.first < stop, HISTORY.c.first + HISTORY.c.n * COARSE > start
        )
        with self._reading() as connection:
            found = [
                Buckets.from_bytes(COARSE, row.n, d, row.data)
                for row in connection.execute(query.order_by(HISTORY.c.first))
            ]
        return Buckets.joined(found, COARSE, d)

    def forget_history(self, key: int, before: int) -> None:
        """Remove buckets of samples before a number."""
        self._writer.execute(
            delete(HISTORY).where(HISTORY.c.key == key, HISTORY.c.first + HISTORY.c.n * COARSE <= before)
        )

    # Alarms

    def add_alarm(self, alarm: Alarm) -> int:
        """Write a new alarm, whose id does not count; return its id."""
        found = self._writer.execute(insert(ALARMS).values(_values(alarm, "id")))
        return int(found.inserted_primary_key[0])  # type: ignore[index]

    def change_alarm(self, alarm: Alarm) -> None:
        """Write an alarm anew."""
        self._writer.execute(update(ALARMS).where(ALARMS.c.id == alarm.id).values(_values(alarm, "id")))

    def alarm(self, number: int) -> Alarm | None:
        """Return an alarm."""
        with self._reading() as connection:
            row = connection.execute(select(ALARMS).where(ALARMS.c.id == number)).first()
        return None if row is None else Alarm(**row._asdict())

    def alarms(
        self,
        key: int | None = None,
        *,
        most: int | None = None,
        before: int | None = None,
        between: tuple[int, int] | None = None,
        only_open: bool = False,
    ) -> list[Alarm]:
        """Return alarms, the newest first: of a key, with ids below ``before``, with samples between two numbers."""
        query = select(ALARMS).order_by(ALARMS.c.id.desc())
        if key is not None:
            query = query.where(ALARMS.c.key == key)
        if before is not None:
            query = query.where(ALARMS.c.id < before)
        if between is not None:
            query = query.where(ALARMS.c.start < between[1], ALARMS.c.stop > between[0])
        if only_open:
            query = query.where(ALARMS.c.is_open)
        with self._reading() as connection:
            return [Alarm(**row._asdict()) for row in connection.execute(query.limit(most))]

    # Actions and snapshots

    def add_action(self, action: Action) -> int:
        """Write a new action, whose id does not count; return its id."""
        values = _values(action, "id") | {"times": json.dumps(action.times)}
        return int(self._writer.execute(insert(ACTIONS).values(values)).inserted_primary_key[0])  # type: ignore[index]

    def undo_action(self, number: int, who: str, at: float) -> None:
        """Note that an action was taken back."""
        self._writer.execute(update(ACTIONS).where(ACTIONS.c.id == number).values(undone_by=who, undone_at=at))

    def action(self, number: int) -> Action | None:
        """Return an action."""
        with self._reading() as connection:
            row = connection.execute(select(ACTIONS).where(ACTIONS.c.id == number)).first()
        return None if row is None else _action(row)

    def actions(
        self, key: int | None = None, *, only_held: bool = False, alarms: Sequence[int] | None = None
    ) -> list[Action]:
        """Return actions in the order in which they are applied: of a key, not undone, on some alarms."""
        query = select(ACTIONS).order_by(ACTIONS.c.position, ACTIONS.c.id)
        if key is not None:
            query = query.where(ACTIONS.c.key == key)
        if only_held:
            query = query.where(ACTIONS.c.undone_at.is_(None))
        if alarms is not None:
            query = query.where(ACTIONS.c.alarm.in_(alarms))
        with self._reading() as connection:
            return [_action(row) for row in connection.execute(query)]

    def add_snapshot(self, key: int, snapshot: Snapshot) -> None:
        """Write a snapshot, unless there is one at its place."""
        here = select(SNAPSHOTS.c.key).where(
            SNAPSHOTS.c.key == key, SNAPSHOTS.c.position == snapshot.position, SNAPSHOTS.c.action == snapshot.action
        )
        if self._writer.execute(here).first() is None:
            self._writer.execute(insert(SNAPSHOTS).values(key=key, **_values(snapshot)))

    def snapshot(self, key: int, before: tuple[int, int] | None = None) -> Snapshot | None:
        """Return the last snapshot, or the last one before a place."""
        query = select(SNAPSHOTS.c.position, SNAPSHOTS.c.action, SNAPSHOTS.c.state).where(SNAPSHOTS.c.key == key)
        if before is not None:
            at, action = before
            query = query.where(
                or_(SNAPSHOTS.c.position < at, and_(SNAPSHOTS.c.position == at, SNAPSHOTS.c.action < action))
            )
        query = query.order_by(SNAPSHOTS.c.position.desc(), SNAPSHOTS.c.action.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Snapshot(**row._asdict())

    def remove_snapshots(self, key: int, *, after: tuple[int, int] | None = None, below: int | None = None) -> None:
        """Remove the snapshots after a place, or those of fewer than ``below`` samples."""
        query = delete(SNAPSHOTS).where(SNAPSHOTS.c.key == key)
        if after is not None:
            at, action = after
            query = query.where(
                or_(SNAPSHOTS.c.position > at, and_(SNAPSHOTS.c.position == at, SNAPSHOTS.c.action >= action))
            )
        if below is not None:
            query = query.where(SNAPSHOTS.c.position < below)
        self._writer.execute(query)

    def is_ready(self) -> bool:
        """Say whether the database answers."""
        try:
            with self._reading() as connection:
                return bool(connection.scalar(text("SELECT 1")) == 1)
        except Exception:
            return False


def _url(where: str | Path) -> Any:
    given = str(where)
    try:
        url = make_url(given) if "://" in given else make_url("sqlite://").set(database=given)
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise SpecError("store", "must be a file, or a URL of SQLite or PostgreSQL", url.drivername)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise SpecError("store", "must be a file", shown(given))
    except (ArgumentError, NoSuchModuleError):
        raise SpecError("store", "must be a file, or a URL of SQLite or PostgreSQL", shown(given)) from None
    return url


def _as_oserror(error: DBAPIError, what: str) -> OSError:
    return OSError(f"{what}: {error.orig}")


def _prepare_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    # With WAL and NORMAL, what is committed outlives a kill of the process; a power cut may take the last commits.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "wal_autocheckpoint=4000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _values(entry: Any, *without: str) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__dataclass_fields__ if name not in without}


def _rows(row: Any, d: int) -> Rows:
    return Rows.from_bytes(row.first, row.n, d, row.data)


def _action(row: Any) -> Action:
    return Action(**(row._asdict() | {"times": tuple(json.loads(row.times))}))
