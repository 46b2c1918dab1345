"""Catches forbidden built-ins while they are called, whatever way the attempt reaches them."""

import inspect
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from dlkata.content.names import plain
from dlkata.grading.protocol import Banned

TORCH = str(Path(torch.__file__).parent)
GRADER = str(Path(__file__).parent)
OPTIMIZERS = "torch.optim"
looking = threading.local()  # .frames while the grader itself looks at frames, which is an audited event


def name_of(function: Any) -> str:
    if (schema := getattr(function, "_schema", None)) is not None:  # torch.ops.aten.softmax.int
        return schema.name.rpartition("::")[2]
    if (qualified := getattr(function, "_qualified_op_name", None)) is not None:
        return str(qualified).rpartition("::")[2]
    return getattr(function, "__name__", type(function).__name__)


class BanWatch:
    """Records each forbidden call that the attempt makes, with the attempt's line."""

    def __init__(self, forbids: Iterable[str], attempt: str, ours: Iterable[str]):
        self.forbidden = {plain(name) for name in forbids if name != OPTIMIZERS}
        self.forbids_optimizers = OPTIMIZERS in set(forbids)
        self.attempt = attempt
        self.ours = set(ours)  # files of the suite and the reference
        self.caught: list[Banned] = []
        self._plain_names: dict[Any, str] = {}

    def observe(self, function: Any) -> None:
        name = self._plain_names.get(function)
        if name is None:
            name = self._plain_names[function] = plain(name_of(function))
        if name in self.forbidden:
            self._catch(name_of(function).strip("_"))
        elif self.forbids_optimizers and _updates(function) and self._inside_optimizer():
            self._catch(OPTIMIZERS)

    def _catch(self, call: str) -> None:
        if line := self.line_of_attempt():
            banned = Banned(call, line)
            if banned not in self.caught:
                self.caught.append(banned)

    def line_of_attempt(self) -> int:
        """The attempt's line, if the nearest frame that is the attempt's or ours is the attempt's; else 0."""
        frame = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file == self.attempt:
                return frame.f_lineno
            if file in self.ours or (file.startswith(GRADER) and file != __file__):
                return 0
            frame = frame.f_back  # type: ignore[assignment]
        return 0

    def _inside_optimizer(self) -> bool:
        """Whether the call stands in a file of torch/optim, on behalf of the attempt (its base class is free)."""
        looking.frames = True
        frame = sys._getframe(2)
        looking.frames = False
        while frame.f_code.co_filename == __file__ and frame.f_back is not None:
            frame = frame.f_back
        file = frame.f_code.co_filename
        return file.startswith(TORCH + "/optim/") and not file.endswith("/optimizer.py")

    # ------------------------------------------------------------ the nets

    def function_mode(self) -> TorchFunctionMode:
        """Sees F., Tensor methods, torch.ops and layers; cheap."""
        return _FunctionWatch(self)

    def dispatch_mode(self) -> TorchDispatchMode:
        """Sees what runs in backward, in hooks, scripted, or under DisableTorchFunction; slower."""
        return _DispatchWatch(self)

    def _hear_call(self, _frame: Any, event: str, function: Any) -> None:
        if event == "c_call" and plain(name_of(function)) in self.forbidden:
            self._catch(name_of(function).strip("_"))

    @contextmanager
    def every_call(self) -> Iterator[None]:
        """Sees calls into torch's C code by name, also those that go round both modes; slower still."""
        sys.setprofile(self._hear_call)
        try:
            yield
        finally:
            sys.setprofile(None)

    def watch_threads(self) -> None:
        """A mode holds for one thread: those the attempt starts enter it themselves."""
        original = threading.Thread.run

        def run(thread: Any) -> None:
            with self.function_mode():
                original(thread)

        setattr(threading.Thread, "run", run)  # noqa: B010

    def name_lines_in_warnings(self) -> None:
        """A warning is printed with the attempt's line, not with that of the mode which stands between it and torch."""

        def show(message: Warning | str, category: type[Warning], *_where: Any, **_more: Any) -> None:
            if line := self.line_of_attempt():
                text = str(message).strip().split("\n", 1)[0]
                print(f"line {line}: {category.__name__}: {text}", file=sys.stderr)

        warnings.showwarning = show

    def watch_optimizers(self) -> None:
        if not self.forbids_optimizers:
            return
        from torch.optim.optimizer import register_optimizer_step_pre_hook

        def before_step(optimizer: torch.optim.Optimizer, *_ignored: Any) -> None:
            if built_in_optimizer(type(optimizer)) is not None:
                self._catch(f"{OPTIMIZERS}.{type(optimizer).__name__}")

        register_optimizer_step_pre_hook(before_step)

    def watch_backward(self, module: types.ModuleType) -> None:
        """Function modes see nothing inside backward: the attempt's own autograd.Functions enter it again."""
        for value in list(vars(module).values()):
            if not (isinstance(value, type) and issubclass(value, torch.autograd.Function)):
                continue
            for name in ("backward", "vjp"):
                method = inspect.getattr_static(value, name, None)
                if isinstance(method, staticmethod) and getattr(value, name).__module__ == module.__name__:
                    setattr(value, name, staticmethod(self._watched(method.__func__)))

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.function_mode():
                return function(*args, **kwargs)

        watched.__wrapped__ = function  # type: ignore[attr-defined]
        return watched

    # ------------------------------------------------------------ aliases and subclasses

    def borrowed(self, value: Any) -> str | None:
        """What forbidden thing `value` is, or is a subclass of."""
        if isinstance(value, type):
            for base in value.__mro__:
                if (base.__module__ or "").startswith("torch") and plain(base.__name__) in self.forbidden:
                    return base.__name__
            if self.forbids_optimizers and (optimizer := built_in_optimizer(value)) is not None:
                return f"{OPTIMIZERS}.{optimizer.__name__}"
            return None
        name = name_of(value)
        return name if callable(value) and plain(name) in self.forbidden and _is_torchs(value) else None


@cache
def _updates(function: Any) -> bool:
    """An optimizer changes its parameters in place: only such calls are worth a look at where they stand."""
    name = name_of(function)
    return (name.endswith("_") and not name.startswith("__")) or name.startswith(("_foreach", "_fused"))


def _is_torchs(value: Any) -> bool:
    code = getattr(value, "__code__", None)
    return code.co_filename.startswith(TORCH) if code is not None else True


def built_in_optimizer(kind: type) -> type | None:
    """The torch.optim optimizer that `kind` is or inherits from; the bare base class Optimizer does not count."""
    for base in kind.__mro__:
        if base.__module__.startswith("torch.optim") and base.__name__ != "Optimizer":
            return base
    return None


class _FunctionWatch(TorchFunctionMode):
    def __init__(self, watch: BanWatch):
        super().__init__()
        self.watch = watch

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.watch.observe(function)
        return function(*args, **(kwargs or {}))


class _DispatchWatch(TorchDispatchMode):
    def __init__(self, watch: BanWatch):
        super().__init__()
        self.watch = watch

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.watch.observe(function)
        return function(*args, **(kwargs or {}))


def watching(watch: BanWatch, *, closely: bool = False) -> ExitStack:
    stack = ExitStack()
    if closely:
        stack.enter_context(watch.dispatch_mode())
    stack.enter_context(watch.function_mode())
    if closely:
        stack.enter_context(watch.every_call())
    return stack
