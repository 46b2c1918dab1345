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
from collections.abc import Callable, Iterable, Iterator
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
        for module in _modules():
            _empty(module, watch)
    _remove_methods(watch)
    if watch.forbidden & BACKWARD:
        _remove_engine(watch)
        if not engine_of_suite:
            _remove_graph(watch)
    sys.meta_path.insert(0, _Emptying(watch))


def look_ahead() -> None:
    """What every room looks up of torch. A process that forks looks once for all of them."""
    operators()
    dispatch_keys()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some are deprecated is not news for our users
        for module in _modules():
            _bindings(module)
            _entries(module)


def look_up(forbids: Iterable[str]) -> None:
    """What the rooms of one kata look up."""
    for name in forbids:
        for full in operators().get(plain(name), ()):
            kernels(full)


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


def _modules() -> list[ModuleType]:
    return [
        module for name, module in list(sys.modules.items()) if name == "torch" or name.startswith("torch.")
    ]


@functools.cache
def _bindings(module: ModuleType) -> dict[str, list[str]]:
    """The names a module has for functions and classes of torch, by what a kata would call them to forbid them."""
    found: dict[str, list[str]] = {}
    in_optimizers = module.__name__.startswith(OPTIMIZERS)
    for name, value in list(vars(module).items()):
        if name.startswith("__") or not (isinstance(value, type) or callable(value)):
            continue
        home = getattr(value, "__module__", None) or "torch"
        if not home.startswith("torch") or home == "torch.return_types":
            continue
        found.setdefault(NORMALISES if name == NORMALISES else plain(name), []).append(name)
        if in_optimizers and takes_steps(value):
            found.setdefault(OPTIMIZERS, []).append(name)
    return found


@functools.cache
def _entries(module: ModuleType) -> dict[str, list[tuple[dict[Any, Any], Any]]]:
    """Where, in tables from operators to functions that a twin has, those functions stand: the table and the key."""
    found: dict[str, list[tuple[dict[Any, Any], Any]]] = {}
    if module.__name__.startswith(TWINS):
        for name, value in list(vars(module).items()):
            if isinstance(value, dict) and not name.startswith("__"):
                for table, key in _functions_in(value):
                    for called in {plain(name_of(key)), plain(name_of(table[key]))}:
                        found.setdefault(called, []).append((table, key))
    return found


def _functions_in(table: dict[Any, Any]) -> Iterator[tuple[dict[Any, Any], Any]]:
    for key, value in list(table.items()):
        if isinstance(value, dict):
            yield from _functions_in(value)
        elif callable(value):
            yield table, key


def _empty(module: ModuleType, watch: BanWatch) -> None:
    bindings, entries = _bindings(module), _entries(module)
    for key in _unwanted(watch) & bindings.keys():
        for name in bindings[key]:
            called, value = f"{OPTIMIZERS}.{name}" if key == OPTIMIZERS else name, vars(module).get(name)
            if isinstance(value, type):
                value.__init__ = _absent(called, watch)  # type: ignore[misc]
            else:
                module.__dict__[name] = _absent(called, watch)
    for forbidden in watch.forbidden & entries.keys():
        for table, key in entries[forbidden]:
            table[key] = _absent(forbidden, watch)


def _unwanted(watch: BanWatch) -> set[str]:
    """What is forbidden, with what would do the same."""
    unwanted = set(watch.forbidden)
    if watch.forbids_optimizers:
        unwanted.add(OPTIMIZERS)
    if any(name.endswith("norm") for name in watch.forbidden):
        unwanted.add(NORMALISES)
    return unwanted


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
            _bindings.cache_clear()  # it may be loaded a second time
            _entries.cache_clear()  # its functions may have entered tables elsewhere
            _empty(module, watch)
            for twin in TWINS:
                if twin in sys.modules:
                    _empty(sys.modules[twin], watch)

        spec.loader.exec_module = load_and_empty  # type: ignore[method-assign]
        return spec
