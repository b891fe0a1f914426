"""RAMP with people beside it: detectors that keep a record, take corrections and survive restarts; and their page.

`Watch` is the engine, `paranom_rs.watch.app` the page as an ASGI application, ``paranom watch`` both with a feed.
"""

from paranom_rs.watch.engine import KeyState, Taught, Watch

__all__ = ["KeyState", "Taught", "Watch"]
