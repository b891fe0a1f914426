"""What happens, line by line: as text, or as JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
from typing import Literal

from paranom_rs.watch.engine import Watch
from paranom_rs.watch.records import Alarm

__all__ = ["log_alarms", "set_up"]

_LOG = logging.getLogger("paranom_rs.watch")
#: What every record of `logging` has.
_COMMON = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname.lower()}
        entry |= {"message": record.getMessage()}
        entry |= {name: value for name, value in vars(record).items() if name not in _COMMON}
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Text of feeds cannot begin a line of its own, nor reach a terminal as a command.
        text = super().format(record)
        return text if record.exc_info else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def set_up(form: Literal["text", "json"]) -> logging.Handler:
    """Write the log of this package, and of uvicorn's errors, to standard error; return the handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text("%(asctime)s %(levelname)s %(message)s"))
    for name in ("paranom_rs.watch", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
    _LOG.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return handler


def log_alarms(watch: Watch) -> None:
    """Log each alarm that begins or ends."""

    def log(key: str, alarm: Alarm) -> None:
        what = "began" if alarm.is_open else "ended"
        channel = watch.channels[alarm.channel]
        more = {"key": key, "alarm": alarm.id, "channel": channel, "score": alarm.score}
        where = channel + (f" of {key!r}" if key else "")
        _LOG.info("alarm %d %s: %s, score %.4g", alarm.id, what, where, alarm.score, extra=more)

    watch.alarm_listeners.append(log)
