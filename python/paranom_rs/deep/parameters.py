"""The parameters that every deep detector has, and their rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator

from paranom_rs._internal import checks
from paranom_rs._internal.keywords import KnownKeywords
from paranom_rs._internal.missing import NAN_POLICIES
from paranom_rs.errors import SpecTypeError
from paranom_rs.evaluate import thresholds
from paranom_rs.evaluate.thresholds import Threshold

MOST_THREADS = 1024
"""More can end the process: OpenMP asks for all their stacks at once."""


# The fields are the parameters of `__init__`, from which scikit-learn reads them.
@dataclass(kw_only=True, eq=False, repr=False)
class Parameters(KnownKeywords, BaseEstimator):
    """Parameters are kept as given and checked in `fit`; ``get_params``, ``set_params`` and ``clone`` work."""

    num_layers: int = 1
    hidden_size: int = 20
    dropout: float = 0.0
    quantile: float = 0.9
    threshold: Any = None
    nan_policy: str = "median"
    epochs: int = 10
    batch_size: int = 64
    lr: float = 4e-3
    schedule: str = "onecycle"
    clip: float | None = 5.0
    patience: int | None = None
    validation_share: float = 0.1
    device: str = "auto"
    precision: str = "auto"
    threads: int = 1
    random_state: int = 0
    verbose: bool | None = None

    def _check_params(self) -> None:
        """Raise SpecError or SpecTypeError for a parameter that breaks its rule."""
        for name in ("num_layers", "hidden_size", "epochs", "batch_size"):
            checks.whole(name, getattr(self, name), least=1)
        checks.whole("threads", self.threads, least=1, most=MOST_THREADS)
        checks.whole("random_state", self.random_state, most=2**63 - 1)
        checks.positive("lr", self.lr)
        if self.clip is not None:
            checks.positive("clip", self.clip)
        if self.patience is not None:
            checks.whole("patience", self.patience, least=1)
        checks.share("quantile", self.quantile)
        checks.share("validation_share", self.validation_share)
        checks.at_least_0("dropout", self.dropout, below=1)
        checks.one_of("schedule", self.schedule, ("onecycle", "cosine", "constant"))
        checks.one_of("precision", self.precision, ("auto", "float32", "bfloat16"))
        checks.one_of("nan_policy", self.nan_policy, NAN_POLICIES)
        check_rule(self.threshold)

    def _settings(self) -> Any:
        """Return how to train."""
        from paranom_rs.deep.training import Settings

        return Settings(
            epochs=self.epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            schedule=self.schedule,
            clip=self.clip,
            patience=self.patience,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            seed=int(self.random_state),
            verbose=self.verbose,
        )

    def _rule(self, *, labelled: bool) -> Threshold:
        """Return a new rule for the threshold: a fitted detector must not share state with its own parameter."""
        if self.threshold is not None:
            return type(self.threshold)(**self.threshold.get_params())
        return thresholds.FBeta(0.1) if labelled else thresholds.Quantile(self.quantile)


def check_rule(rule: object) -> None:
    """Raise SpecTypeError unless ``rule`` is a rule for thresholds, or None."""
    if rule is not None and not isinstance(rule, Threshold):
        raise SpecTypeError("threshold", "must be an object of paranom_rs.evaluate.thresholds", repr(rule))
