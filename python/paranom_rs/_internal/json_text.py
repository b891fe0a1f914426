"""What JSON can hold."""

from __future__ import annotations

import math
from typing import Any


def finite_json(value: Any) -> Any:
    """Return None in place of NaN and infinity, which JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: finite_json(x) for key, x in value.items()}
        case list() | tuple():
            return [finite_json(x) for x in value]
    return value
