"""Parameters of a detector, read and changed by name under their rules, as scikit-learn does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs._internal.rules import Rule
from paranom_rs.errors import SpecTypeError


class Parameters(KnownKeywords):
    """What has parameters, each with its rule."""

    #: The rule of each parameter.
    parameters: ClassVar[dict[str, Rule]] = {}

    def _take(self, given: Mapping[str, Any]) -> None:
        """Check parameters, and keep them; what is none, as the ``self`` of ``locals()``, is left out."""
        parameters = {name: value for name, value in given.items() if name in self.parameters}
        for name, value in parameters.items():
            self.parameters[name].check(name, value)
        vars(self).update(parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name (``deep`` is scikit-learn's and changes nothing)."""
        return {name: getattr(self, name) for name in self.parameters}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters, under the same rules as when the detector is made. They count from the next `fit` on."""
        for name in parameters:
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise SpecTypeError(f"{type(self).__name__}.{name}", f"must be one of {known}")
        self._take(parameters)
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_params().items())})"
