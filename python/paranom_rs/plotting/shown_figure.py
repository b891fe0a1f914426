"""Figures that notebooks show by themselves."""

from __future__ import annotations

from io import BytesIO

from paranom_rs._internal.optional import needs

with needs("matplotlib", "plot", "plots"):
    from matplotlib.figure import Figure

__all__ = ["ShownFigure"]


class ShownFigure(Figure):
    """A figure that is no pyplot's and is shown all the same where it is a cell's result.

    Notebooks know how to show a figure once pyplot was imported, and not before.
    """

    def _repr_png_(self) -> bytes:
        data = BytesIO()
        self.savefig(data, format="png", dpi=100)
        return data.getvalue()
