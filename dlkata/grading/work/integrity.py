"""Notices when an attempt replaces what the grader itself calls, and puts it back.

Only those few functions are watched: torch replaces some of its own lazily, and a snapshot of everything
would flag innocent lines.
"""

import builtins
import math
import random
import time
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dlkata.grading.protocol import Tampering
from dlkata.suite import HOLDS
from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import Journal, Observation
from dlkata.suite.settings import Setting

GRADER_CALLS: list[tuple[Any, str, str]] = [
    *((builtins, "", n) for n in ["abs", "all", "any", "bool", "callable", "dict", "enumerate", "float", "getattr", "hasattr", "int", "isinstance", "issubclass", "iter", "len", "list", "max", "min", "next", "range", "repr", "round", "set", "setattr", "sorted", "str", "sum", "tuple", "type", "zip", "print", "exec", "compile", "open", "__import__"]),
    *((torch, "torch.", n) for n in ["allclose", "arange", "cat", "cos", "einsum", "empty", "equal", "eye", "full", "isclose", "isfinite", "isnan", "linspace", "manual_seed", "matmul", "mean", "ones", "rand", "randint", "randn", "randperm", "get_rng_state", "set_rng_state", "softmax", "sort", "stack", "sum", "tensor", "tril", "triu", "where", "zeros", "zeros_like", "ones_like", "rand_like", "randn_like", "no_grad", "set_grad_enabled", "is_grad_enabled", "Generator", "Tensor"]),
    *((torch.nn.functional, "F.", n) for n in ["cross_entropy", "mse_loss", "linear", "relu", "softmax", "log_softmax", "nll_loss"]),
    *((torch.autograd, "torch.autograd.", n) for n in ("grad", "backward", "Function")),
    *((torch.testing, "torch.testing.", n) for n in ("assert_close",)),
    *((torch.nn, "nn.", n) for n in ("Module", "Parameter", "Linear", "Sequential", "Embedding")),
    *((torch.nn.Module, "nn.Module.", n) for n in ["__call__", "__getattr__", "__setattr__", "state_dict", "load_state_dict", "parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "to", "train", "eval", "zero_grad", "double", "float", "half", "requires_grad_"]),
    *((pytest, "pytest.", n) for n in ["raises", "approx", "fail", "skip", "mark", "importorskip"]),
    *((np, "numpy.", n) for n in ["abs", "array_equal", "isfinite", "isnan", "nanmax", "errstate", "argwhere", "atleast_2d", "load", "asarray"]),
    *((np.random, "numpy.random.", n) for n in ("seed",)),
    *((math, "math.", n) for n in ("sqrt", "isclose", "log", "exp", "isfinite")),
    *((random, "random.", n) for n in ("seed",)),
    *((time, "time.", n) for n in ("perf_counter", "sleep", "monotonic")),
]  # fmt: skip


def vocabulary() -> list[ModuleType]:
    """The modules of what suites import."""
    return [import_module(f"dlkata.suite.{name}") for name in HOLDS]


class Integrity:
    """A snapshot of what the grader calls, taken before the attempt is loaded."""

    def __init__(self, modules: Iterable[Any]):
        """`modules`: the collected suite's own, whose functions are watched too."""
        calls = list(GRADER_CALLS)
        for module in (*vocabulary(), *modules):
            calls += [
                (module, f"{module.__name__}.", name) for name in vars(module) if not name.startswith("__")
            ]
        for kind in (Journal, Setting, Observation, Mismatch, Finding):
            calls += [
                (kind, f"{kind.__name__}.", name) for name, value in vars(kind).items() if callable(value)
            ]
        self.originals = [
            (owner, prefix + name, name, value, getattr(value, "__code__", None))
            for owner, prefix, name in calls
            if (value := _static(owner, name)) is not _MISSING
        ]
        self.tensor = dict(vars(Tensor))
        self.modes = _modes()

    def violations(self) -> list[Tampering]:
        """What was replaced since the snapshot; it is put back, so that the other tests are still graded."""
        found = []
        for owner, label, name, value, code in self.originals:
            now = _static(owner, name)
            if now is not value and not _from_torch(now, name):
                found.append(Tampering("replaced", label))
                setattr(owner, name, value)
            if code is not None and value.__code__ is not code:
                found.append(Tampering("replaced", label))
                value.__code__ = code
        found += self._tensor_violations()
        if _modes() > self.modes:
            found.append(Tampering("mode"))
            while _modes() > self.modes:
                torch.overrides._pop_mode()
        return found

    def _tensor_violations(self) -> list[Tampering]:
        found = []
        now = dict(vars(Tensor))
        for name, value in now.items():
            before = self.tensor.get(name, _MISSING)
            if before is value or name == COPYING or _from_torch(value, name):
                continue
            found.append(Tampering("added" if before is _MISSING else "replaced", f"Tensor.{name}"))
            if before is _MISSING:
                delattr(Tensor, name)
            else:
                setattr(Tensor, name, before)
        for name in self.tensor.keys() - now.keys():
            found.append(Tampering("replaced", f"Tensor.{name}"))
            setattr(Tensor, name, self.tensor[name])
        return found


_MISSING = object()
COPYING = "__slotnames__"  # what `copy` and `pickle` note down at a class they meet for the first time


def _static(owner: Any, name: str) -> Any:
    return vars(owner).get(name, _MISSING) if isinstance(owner, type) else getattr(owner, name, _MISSING)


def _from_torch(value: Any, name: str) -> bool:
    """torch rebinds some of its own late (torch.manual_seed, with dynamo): under its own name that is no tampering."""
    function = getattr(value, "__func__", value)
    code = getattr(function, "__code__", None)
    return (
        code is not None
        and getattr(function, "__name__", "") == name
        and code.co_filename.startswith(torch.__path__[0])
    )


def _modes() -> int:
    return len(torch.overrides._get_current_function_mode_stack())
