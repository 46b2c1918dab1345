"""The nets in which forbidden calls are caught: each hears of some calls and tells the `BanWatch`."""

import functools
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from dlkata.content.names import plain
from dlkata.grading.work.bans import OPTIMIZERS, BanWatch, built_in_optimizer, takes_steps

# Where torch keeps what is written in Python, of which a function mode may never hear.
PYTHON_HOMES = (
    "torch", "torch.functional", "torch.special", "torch.linalg", "torch.func", "torch.autograd",
    "torch.autograd.functional", "torch.autograd.gradcheck", "torch.nn", "torch.nn.functional", "torch.nn.init",
    "torch.nn.utils", "torch.nn.utils.clip_grad", "torch.nn.utils.rnn", "torch.nn.utils.parametrizations",
    "torch.nn.utils.weight_norm", "torch.nn.attention", "torch.optim.lr_scheduler", "torch.optim.swa_utils",
)  # fmt: skip
TELLS_MODES = {
    "has_torch_function",
    "has_torch_function_unary",
    "has_torch_function_variadic",
    "handle_torch_function",
}


class FunctionNet(TorchFunctionMode):
    """Hears F., Tensor methods, torch.ops and layers; cheap."""

    def __init__(self, watch: BanWatch):
        super().__init__()
        self.watch, self.harmless = watch, watch.harmless

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function not in self.harmless:
            self.watch.observe(function)
        return function(*args, **kwargs) if kwargs else function(*args)


class DispatchNet(TorchDispatchMode):
    """Hears what runs in backward, in hooks, scripted, or under DisableTorchFunction; slower."""

    def __init__(self, watch: BanWatch):
        super().__init__()
        self.watch = watch

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function not in self.watch.harmless:
            self.watch.observe(function)
        return function(*args, **(kwargs or {}))


@contextmanager
def every_call(watch: BanWatch) -> Iterator[None]:
    """Hears calls into torch's C code by name, also those that go round both modes; slower still."""

    harmless = set()  # names, not functions: a method is a new object each time

    def hear(_frame: Any, event: str, function: Any) -> None:
        if event != "c_call" or (name := function.__name__) in harmless:
            return
        if plain(name) in watch.forbidden:
            watch.catch(name.strip("_"))
        else:
            harmless.add(name)

    sys.setprofile(hear)
    try:
        yield
    finally:
        sys.setprofile(None)


def watching(watch: BanWatch, *, closely: bool = False) -> ExitStack:
    """Every call is heard, whoever makes it."""
    stack = ExitStack()
    if closely:
        stack.enter_context(DispatchNet(watch))
    stack.enter_context(FunctionNet(watch))
    if closely:
        stack.enter_context(every_call(watch))
    return stack


def watched(watch: BanWatch) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: while the function runs, every call is heard."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def enter(*args: Any, **kwargs: Any) -> Any:
            if torch._C._len_torch_function_stack():  # none holds in a backward pass or a new thread
                return function(*args, **kwargs)
            with FunctionNet(watch):
                return function(*args, **kwargs)

        return enter

    return mark


def watch_python(watch: BanWatch) -> None:
    """Layers that are made, and functions of torch that are plain Python (clip_grad_norm_) and tell no mode."""
    forbidden = [place for name in watch.forbidden for place in python_places().get(name, ())]
    for module, name in forbidden:
        value = getattr(module, name)
        if isinstance(value, type):
            _hear_of_instances(value, watch)
        else:
            setattr(module, name, _heard(value, name, watch))
    if watch.forbids_optimizers:
        for module, name in optimizer_functions():
            setattr(module, name, _heard(getattr(module, name), OPTIMIZERS, watch))


@functools.cache
def python_places() -> dict[str, list[tuple[ModuleType, str]]]:
    """Where each such layer or function is bound, by its plain name. A process that forks looks once for all."""
    places: dict[str, list[tuple[ModuleType, str]]] = {}
    for module in (sys.modules[home] for home in PYTHON_HOMES if home in sys.modules):
        for name, value in vars(module).items():
            silent = isinstance(value, FunctionType) and TELLS_MODES.isdisjoint(value.__code__.co_names)
            if not name.startswith("__") and (silent or isinstance(value, type)):
                places.setdefault(plain(name), []).append((module, name))
    return places


@functools.cache
def optimizer_functions() -> list[tuple[ModuleType, str]]:
    """Those that take an optimizer's steps. A process that forks looks once for all."""
    return [
        (module, name)
        for home, module in list(sys.modules.items())
        if home.startswith("torch.optim.")
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and takes_steps(value)
    ]


def _heard(function: Callable[..., Any], name: str, watch: BanWatch) -> Callable[..., Any]:
    @functools.wraps(function)
    def heard(*args: Any, **kwargs: Any) -> Any:
        watch.catch(name.strip("_"))
        return function(*args, **kwargs)

    return heard


def _hear_of_instances(kind: type, watch: BanWatch) -> None:
    if not hasattr(vars(kind).get("__init__"), "__wrapped__"):
        setattr(kind, "__init__", _heard(kind.__init__, kind.__name__, watch))  # type: ignore[misc]  # noqa: B010


def watch_threads(watch: BanWatch) -> None:
    """A mode holds for one thread: those the attempt starts enter it themselves."""
    original = threading.Thread.run

    def run(thread: Any) -> None:
        with FunctionNet(watch):
            original(thread)

    setattr(threading.Thread, "run", run)  # noqa: B010


def watch_optimizers(watch: BanWatch) -> None:
    """Whoever steps with a built-in optimizer where those are forbidden."""
    if not watch.forbids_optimizers:
        return
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    def before_step(optimizer: torch.optim.Optimizer, *_ignored: Any) -> None:
        if built_in_optimizer(type(optimizer)) is not None:
            watch.catch(f"{OPTIMIZERS}.{type(optimizer).__name__}")

    register_optimizer_step_pre_hook(before_step)


def name_lines_in_warnings(watch: BanWatch) -> None:
    """A warning is printed with the attempt's line, not with that of the net which stands between it and torch."""

    def show(message: Warning | str, category: type[Warning], *_where: Any, **_more: Any) -> None:
        if line := watch.line_of_attempt():
            text = str(message).strip().split("\n", 1)[0]
            print(f"line {line}: {category.__name__}: {text}", file=sys.stderr)

    warnings.showwarning = show
