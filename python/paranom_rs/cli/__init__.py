"""The command line, ``paranom``: a module for each command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from paranom_rs._core import build_info
from paranom_rs.cli.options import Parser
from paranom_rs.errors import AlreadyExistsError, CallbackError, ParanomError, SpecError, SpecTypeError

__all__ = ["main"]

_STATUS = """exit status:
  0    done
  1    the answer is no: labels that are wrong (audit), rows that differ (verify)
  2    refused: an argument, a spec or data that break a rule
  3    could not be done: a file, a missing library
  130  interrupted; no file is left half-done
"""
#: Each is a module here.
_COMMANDS = (
    "init", "fit", "preview", "generate", "verify", "audit", "detect", "evaluate", "bench", "watch", "demo"
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = Parser(
        prog="paranom",
        description="Labelled time-series anomalies: generate them, look at them, catch them.",
        epilog=_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"paranom {build_info()['version']}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    # A command that is named needs no other's module.
    for name in arguments[:1] if arguments and arguments[0] in _COMMANDS else _COMMANDS:
        import_module(f"paranom_rs.cli.{name}").add(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail(130, "interrupted")
    except BrokenPipeError:
        # Whoever read our output has enough: what is left must not be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except MemoryError as error:
        return _fail(3, str(error) or "out of memory")
    except AlreadyExistsError as error:
        return _fail(3, f"{error.path} {error.found}; --overwrite replaces it")
    except (SpecError, SpecTypeError) as error:
        # What the called function calls its argument is another name for an option.
        path = options.shown.get(error.path, error.path)
        return _fail(2, type(error)(path, error.rule, error.value))
    except CallbackError as error:
        return _fail(2, error if error.__cause__ is None else f"{error}: {error.__cause__}")
    except ParanomError as error:
        return _fail(2, error)
    except OSError as error:
        return _fail(3, f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error)
    except ImportError as error:
        return _fail(3, error)
    return status


def _fail(status: int, error: object) -> int:
    print(f"paranom: {error}", file=sys.stderr)
    return status
