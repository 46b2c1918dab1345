"""In the room what a kata forbids does not exist: whatever name it goes by raises, whoever calls it.

Operators are replaced in torch's dispatcher itself; functions, methods and layers that are written in Python at every
name they are bound to, and in modules that are imported later, too.
"""

import functools
import importlib.abc
import importlib.machinery
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import torch

from dlkata.content.names import plain
from dlkata.grading.work.bans import OPTIMIZERS, BanWatch
from dlkata.suite.backward import gate

KEYS = ("CPU", "AutogradCPU", "CUDA", "AutogradCUDA", "MPS", "AutogradMPS")
BACKWARD = {"backward", "grad"}  # who forbids these forbids the engine behind them
REMOVED: list[Any] = []  # kept, for what is registered lives as long as its library


class Forbidden(RuntimeError):
    """What was called is forbidden in this kata."""


def remove(watch: BanWatch) -> None:
    """Takes away what the kata forbids, for the rest of this process."""
    if not watch.forbids_something:
        return
    _remove_operators(watch)
    for name, module in list(sys.modules.items()):
        if name == "torch" or name.startswith("torch."):
            _empty(module, watch)
    _remove_methods(watch)
    if watch.forbidden & BACKWARD:
        _remove_engine(watch)
    sys.meta_path.insert(0, _Emptying(watch))


def _absent(name: str, watch: BanWatch) -> Callable[..., Any]:
    def raising(*_args: Any, **_kwargs: Any) -> Any:
        watch.catch_anywhere(name.strip("_"))
        raise Forbidden(f"`{name}` is forbidden in this kata")

    return raising


# ---------------------------------------------------------------- operators


@functools.cache
def operators() -> dict[str, list[str]]:
    """torch's own operators by their plain names. A process that forks looks once for all."""
    found: dict[str, list[str]] = {}
    for full in torch._C._dispatch_get_all_op_names():
        namespace, _colons, name = full.partition("::")
        if namespace == "aten":
            found.setdefault(plain(name.partition(".")[0]), []).append(name)
    return found


def _remove_operators(watch: BanWatch) -> None:
    library = torch.library.Library("aten", "IMPL")
    REMOVED.append(library)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced is what we want
        for forbidden in watch.forbidden:
            for name in operators().get(forbidden, ()):
                raising = _absent(name.partition(".")[0], watch)
                for key in KEYS:
                    library.impl(name, raising, key)


# ---------------------------------------------------------------- Python


def _empty(module: ModuleType, watch: BanWatch) -> None:
    for name, value in _forbidden_members(module, watch):
        if isinstance(value, type):
            value.__init__ = _absent(name, watch)  # type: ignore[misc]
        else:
            module.__dict__[name] = _absent(name, watch)


def _forbidden_members(module: ModuleType, watch: BanWatch) -> Iterator[tuple[str, Any]]:
    optimizers = watch.forbids_optimizers and module.__name__.startswith("torch.optim")
    for name, value in list(vars(module).items()):
        is_class, is_function = isinstance(value, type), callable(value)
        if name.startswith("__") or not (is_class or is_function):
            continue
        home = getattr(value, "__module__", None) or "torch"
        if not home.startswith("torch") or home == "torch.return_types":
            continue
        if plain(name) in watch.forbidden or (optimizers and _is_optimizer(value)):
            yield (f"{OPTIMIZERS}.{name}" if optimizers else name), value


def _is_optimizer(value: Any) -> bool:
    """An optimizer of torch's own, or a function that takes its steps; not their common base."""
    home = getattr(value, "__module__", "") or ""
    free = ("torch.optim.optimizer", "torch.optim.lr_scheduler", "torch.optim.swa_utils")
    if not home.startswith("torch.optim.") or home in free:
        return False
    return isinstance(value, FunctionType) or issubclass(value, torch.optim.Optimizer)


def _remove_methods(watch: BanWatch) -> None:
    """Methods of Tensor that are written in Python; the others end in an operator."""
    for kind in (torch.Tensor, torch._C.TensorBase):
        for name, value in list(vars(kind).items()):
            if isinstance(value, FunctionType) and plain(name) in watch.forbidden:
                setattr(kind, name, _absent(name, watch))


def _remove_engine(watch: BanWatch) -> None:
    run, refuse = torch.autograd.Variable._execution_engine.run_backward, _absent("backward", watch)

    def run_backward(*args: Any, **kwargs: Any) -> Any:
        if not gate.open:
            return refuse()
        gate.open = False  # for what the attempt does within
        return run(*args, **kwargs)

    for holder, name in ((torch.autograd.Variable, "_execution_engine"), (torch._C, "_ImperativeEngine")):
        setattr(holder, name, SimpleNamespace(run_backward=run_backward))


class _Emptying(importlib.abc.MetaPathFinder):
    """Modules of torch that are imported later are emptied as well."""

    def __init__(self, watch: BanWatch):
        self.watch = watch

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("torch."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load, watch = spec.loader.exec_module, self.watch

        def load_and_empty(module: ModuleType) -> None:
            load(module)
            _empty(module, watch)

        spec.loader.exec_module = load_and_empty  # type: ignore[method-assign]
        return spec
