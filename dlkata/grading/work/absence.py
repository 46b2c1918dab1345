"""In the room what a kata forbids does not exist: whatever name it goes by raises, whoever calls it.

Operators are replaced in torch's dispatcher itself; functions, methods and layers that are written in Python at every
name they are bound to, and in modules that are imported later, too.
"""

import ctypes
import functools
import gc
import importlib.abc
import importlib.machinery
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import torch

from dlkata.content.names import plain
from dlkata.grading.work.bans import OPTIMIZERS, BanWatch, name_of, takes_steps
from dlkata.suite import backward

ALIASES = (
    "Autograd",
    "CompositeImplicitAutograd",
    "CompositeExplicitAutograd",
)  # for every backend without its own
BACKWARD = {"backward", "grad"}  # who forbids these forbids the engine behind them
FORWARD_MODE = {"make_dual", "fw_primal"}  # which needs no engine
# Where torch keeps its built-ins a second time, written in Python.
TWINS = ("torch._decomp", "torch._refs", "torch._prims", "torch._inductor", "torch._functorch")
NORMALISES = "_normalize"  # of torch._refs: what all its norms are made of
JIT = (
    "CompilationUnit", "parse_ir", "import_ir_module", "import_ir_module_from_buffer", "_create_function_from_graph",
    "_jit_get_operation", "_jit_script_compile",
)  # fmt: skip


class Forbidden(RuntimeError):
    """What was called is forbidden in this kata."""


def remove(watch: BanWatch, *, engine_of_suite: bool = True) -> None:
    """Takes away what the kata forbids, for the rest of this process.

    `engine_of_suite`: it goes backward through the attempt, by the engine that the kata forbids to the attempt itself.
    """
    if not watch.forbids_something:
        return
    if watch.forbidden & BACKWARD:
        watch.forbidden |= FORWARD_MODE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced is what we want
        _remove_operators(watch)
        for name, module in list(sys.modules.items()):
            if name == "torch" or name.startswith("torch."):
                _empty(module, watch)
    _remove_methods(watch)
    if watch.forbidden & BACKWARD:
        _remove_engine(watch)
        if not engine_of_suite:
            _remove_graph(watch)
    sys.meta_path.insert(0, _Emptying(watch))


def _absent(name: str, watch: BanWatch) -> Callable[..., Any]:
    def raising(*_args: Any, **_kwargs: Any) -> Any:
        watch.catch(name.strip("_"), anywhere=True)
        raise Forbidden(f"`{name}` is forbidden in this kata")

    return raising


# ---------------------------------------------------------------- operators


@functools.cache
def operators() -> dict[str, list[str]]:
    """torch's operators by their plain names. A process that forks looks once for all."""
    found: dict[str, list[str]] = {}
    for full in torch._C._dispatch_get_all_op_names():
        name = full.partition("::")[2].partition(".")[0]
        found.setdefault(plain(name), []).append(full)
    return found


@functools.cache
def kernels(full: str) -> list[str]:
    """The dispatch keys under which an operator has something to run."""
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    return [*(key for key in dispatch_keys() if has_kernel(full, key)), *ALIASES]


@functools.cache
def dispatch_keys() -> list[str]:
    """Those that a kernel can be registered for; others mark where groups begin and end, or have no name there."""
    keys = []
    for key in torch._C.DispatchKey.__members__:
        try:
            torch._C._dispatch_key_parse(key)
        except RuntimeError:
            continue
        if key not in ("Undefined", *ALIASES):
            keys.append(key)
    return keys


def _remove_operators(watch: BanWatch) -> None:
    for forbidden in watch.forbidden:
        for full in operators().get(forbidden, ()):
            namespace, _colons, name = full.partition("::")
            raising = _absent(name.partition(".")[0], watch)
            library: Any = torch._C._dispatch_library("IMPL", namespace, "", "", 0)
            for key in kernels(full):
                library.impl(name, key, raising, False)
            # What is registered lives as long as its library: for ever, and nobody holds it who could let it go.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))


# ---------------------------------------------------------------- Python


def _empty(module: ModuleType, watch: BanWatch) -> None:
    for name, value in _forbidden_members(module, watch):
        if isinstance(value, type):
            value.__init__ = _absent(name, watch)  # type: ignore[misc]
        else:
            module.__dict__[name] = _absent(name, watch)
    if module.__name__.startswith(TWINS):
        for value in list(vars(module).values()):
            if isinstance(value, dict):
                _empty_table(value, watch)


def _forbidden_members(module: ModuleType, watch: BanWatch) -> Iterator[tuple[str, Any]]:
    optimizers = watch.forbids_optimizers and module.__name__.startswith("torch.optim")
    normalises = any(name.endswith("norm") for name in watch.forbidden)
    for name, value in list(vars(module).items()):
        is_class, is_function = isinstance(value, type), callable(value)
        if name.startswith("__") or not (is_class or is_function):
            continue
        home = getattr(value, "__module__", None) or "torch"
        if not home.startswith("torch") or home == "torch.return_types":
            continue
        if plain(name) in watch.forbidden or (normalises and name == NORMALISES):
            yield name, value
        elif optimizers and takes_steps(value):
            yield f"{OPTIMIZERS}.{name}", value


def _empty_table(table: dict[Any, Any], watch: BanWatch) -> None:
    """What is forbidden in a table from operators to functions, or in one of such tables, raises."""
    for key, value in list(table.items()):
        if isinstance(value, dict):
            _empty_table(value, watch)
        elif callable(value) and {plain(name_of(key)), plain(name_of(value))} & watch.forbidden:
            table[key] = _absent(name_of(value), watch)


def _remove_methods(watch: BanWatch) -> None:
    """Methods of Tensor that are written in Python; the others end in an operator."""
    for kind in (torch.Tensor, torch._C.TensorBase):
        for name, value in list(vars(kind).items()):
            if isinstance(value, FunctionType) and plain(name) in watch.forbidden:
                setattr(kind, name, _absent(name, watch))


def _remove_engine(watch: BanWatch) -> None:
    """Suites have kept theirs: `suite.backward`."""
    absent, home = _absent("backward", watch), torch.autograd.Variable
    _rewrite(type(home._execution_engine), "run_backward", absent)
    setattr(home, "_execution_engine", SimpleNamespace(run_backward=absent))  # noqa: B010


def _remove_graph(watch: BanWatch) -> None:
    """Where not even the suite goes backward: nobody does, from node to node, or in what is compiled."""
    backward.run_backward = None
    nothing = property(lambda _self: None)
    _rewrite(torch._C.TensorBase, "grad_fn", nothing)
    _rewrite(torch._C._FunctionBase, "next_functions", nothing)
    for name in JIT:
        value = getattr(torch._C, name, None)
        if isinstance(value, type):
            value.__init__ = _absent("torch.jit", watch)  # type: ignore[misc]
        elif value is not None:
            setattr(torch._C, name, _absent("torch.jit", watch))


def _rewrite(kind: type, name: str, value: Any) -> None:
    """A member of a class that is written in C, which `setattr` would refuse."""
    members = gc.get_referents(vars(kind))[0]
    members[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


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
            watch.loading.add(str(spec.origin))
            load(module)
            _empty(module, watch)
            for twin in TWINS:  # its functions may have entered the tables there
                if twin in sys.modules:
                    _empty(sys.modules[twin], watch)

        spec.loader.exec_module = load_and_empty  # type: ignore[method-assign]
        return spec
