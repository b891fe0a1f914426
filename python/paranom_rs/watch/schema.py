"""The tables of a store."""

from __future__ import annotations

from paranom_rs._internal.optional import needs

with needs("SQLAlchemy", "watch", "paranom_rs.watch"):
    from sqlalchemy import (
        BigInteger,
        Boolean,
        Column,
        Double,
        Index,
        Integer,
        LargeBinary,
        MetaData,
        PrimaryKeyConstraint,
        Table,
        Text,
    )

__all__ = ["ACTIONS", "ALARMS", "HISTORY", "KEYS", "META", "SAMPLES", "SNAPSHOTS", "TABLES"]

TABLES = MetaData()
# SQLite numbers rows itself only where the type is INTEGER, which there has 64 bits.
_ID = BigInteger().with_variant(Integer, "sqlite")

META = Table("paranom_meta", TABLES, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))


def _runs_of_samples(name: str) -> Table:
    """Return a table of runs of samples, or of what is left of them: ``n`` from number ``first`` on, as bytes."""
    return Table(
        name,
        TABLES,
        Column("key", _ID, nullable=False),
        Column("first", BigInteger, nullable=False),
        Column("n", Integer, nullable=False),
        Column("data", LargeBinary, nullable=False),
        PrimaryKeyConstraint("key", "first"),
    )


KEYS = Table(
    "paranom_keys",
    TABLES,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
)

SAMPLES = _runs_of_samples("paranom_samples")

#: What is left of samples that are older than the store keeps them: one entry per `store.COARSE` samples.
HISTORY = _runs_of_samples("paranom_history")

ALARMS = Table(
    "paranom_alarms",
    TABLES,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("key", _ID, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("peak", BigInteger, nullable=False),
    Column("score", Double, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("uncertainty", Double, nullable=False),
    Column("channel", Integer, nullable=False),
    Column("t_start", Double, nullable=False),
    Column("t_stop", Double, nullable=False),
    Index("paranom_alarms_by_key", "key", "start"),
)

#: What people did, and what was learnt from the first samples; nothing is ever removed.
ACTIONS = Table(
    "paranom_actions",
    TABLES,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("key", _ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("times", Text, nullable=False),
    Column("value", Double),
    Column("alarm", _ID),
    Column("start", BigInteger),
    Column("stop", BigInteger),
    Column("taught", Boolean, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("undone_by", Text),
    Column("undone_at", Double),
    Index("paranom_actions_by_key", "key", "position"),
    Index("paranom_actions_by_alarm", "alarm"),
)

SNAPSHOTS = Table(
    "paranom_snapshots",
    TABLES,
    Column("key", _ID, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("action", _ID, nullable=False),
    Column("state", LargeBinary, nullable=False),
    PrimaryKeyConstraint("key", "position", "action"),
)
