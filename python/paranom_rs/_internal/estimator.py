"""Parameters that can be read and changed by name, as scikit-learn does it, without scikit-learn."""

from __future__ import annotations

from typing import Any, Self

from paranom_rs._internal.keywords import KnownKeywords


class Estimator(KnownKeywords):
    """An object whose arguments are kept under their own names; what it learns has an underscore at an end."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments that make an equal, unfitted object (``deep`` is scikit-learn's and changes nothing)."""
        return {k: v for k, v in vars(self).items() if not k.endswith("_") and not k.startswith("_")}

    def set_params(self, **params: Any) -> Self:
        """Change arguments, under the same rules as when the object is made; return self."""
        vars(self).update(vars(type(self)(**self.get_params() | params)))
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_params().items())})"
