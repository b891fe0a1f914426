"""GutenTAG's configuration files as generators: what maps onto ours, and notes on what does not."""

from __future__ import annotations

from paranom_rs.connect.gutentag.read import Imported, read_config

__all__ = ["Imported", "read_config"]
