"""Where torch computes, with how many threads, from which seed, how exactly. Importing this module imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from paranom_rs.errors import SpecError


def device_of(name: str) -> Any:
    """Return the torch device of a name; "auto" is CUDA, then MPS, then the CPU.

    Raises
    ------
    SpecError
        For a device that cannot be used here.
    """
    if name == "auto":
        mps = getattr(torch.backends, "mps", None)
        name = "cuda" if torch.cuda.is_available() else "mps" if mps and mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        rule = f"must be a device that torch can use here ({str(error).splitlines()[0]})"
        raise SpecError("device", rule, repr(name)) from error
    return device


def build() -> str:
    """Return which torch computes, and with which instructions of the CPU: sums are rounded by both."""
    return f"torch {torch.__version__} with {torch.backends.cpu.get_cpu_capability()}"


@contextmanager
def cpu_threads(number: int) -> Iterator[None]:
    """Let torch use so many CPU threads; afterwards as many as before.

    One thread is fastest for networks of this size; more than one also makes sums depend on their number.
    """
    before = torch.get_num_threads()
    if before != number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        if before != number:
            torch.set_num_threads(before)


@contextmanager
def session(threads: int, seed: int) -> Iterator[None]:
    """Set the threads and seed torch's generators; afterwards both are as before."""
    with cpu_threads(threads), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def uses_bfloat16(precision: str, device: Any, attempt: Callable[[], object]) -> bool:
    """Return whether batches are computed in bfloat16.

    Parameters
    ----------
    precision, device
        What was asked for, and where batches are computed.
    attempt
        A function that computes a small batch.

    Raises
    ------
    SpecError
        Where bfloat16 was asked for and the attempt fails.
    """
    if precision != "bfloat16":
        return precision == "auto" and device.type == "cuda" and bool(torch.cuda.is_bf16_supported())
    # Not every processor has the kernels: say so before training.
    try:
        with torch.autocast(device.type, torch.bfloat16):
            attempt()
    except RuntimeError as error:
        rule = f"must be 'float32' or 'auto' here ({str(error).splitlines()[0]})"
        raise SpecError("precision", rule, "'bfloat16'") from error
    return True
