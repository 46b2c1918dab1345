"""What an attempt may disturb without harm: remembered once, put back before each test."""

import _signal  # without the enums of `signal`, which take most of the time
import gc
import locale
import os
import signal
import sys
import threading
import warnings

import torch


class Surroundings:
    def __init__(self) -> None:
        self.folder = os.getcwd()
        self.umask = os.umask(0o022)
        os.umask(self.umask)
        self.recursion_limit = sys.getrecursionlimit()
        self.path = list(sys.path)
        self.environment = dict(os.environ)
        self.filters = list(warnings.filters)
        self.locale = locale.setlocale(locale.LC_ALL)
        self.modes = torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()
        self.dtype = torch.get_default_dtype()
        self.handlers = {number: _signal.getsignal(number) for number in _catchable()}
        self.streams = sys.stdout, sys.stderr, sys.stdin
        self.hooks = sys.excepthook, sys.displayhook, threading.excepthook

    def restore(self) -> None:
        os.chdir(self.folder)
        os.umask(self.umask)
        sys.setrecursionlimit(self.recursion_limit)
        sys.path[:] = self.path
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        if warnings.filters != self.filters:
            warnings.resetwarnings()
            warnings.filters[:] = self.filters  # type: ignore[index]
        if locale.setlocale(locale.LC_ALL) != self.locale:
            locale.setlocale(locale.LC_ALL, self.locale)
        signal.alarm(0)
        for number, handler in self.handlers.items():
            if _signal.getsignal(number) is not handler:
                _signal.signal(number, handler)
        sys.stdout, sys.stderr, sys.stdin = self.streams
        sys.excepthook, sys.displayhook, threading.excepthook = self.hooks
        sys.settrace(None)
        sys.setprofile(None)
        threading.settrace(None)
        threading.setprofile(None)
        gc.enable()
        self._restore_torch()

    def _restore_torch(self) -> None:
        while torch._C._len_torch_function_stack() > self.modes[0]:
            torch._C._pop_torch_function_stack()
        while torch._C._len_torch_dispatch_stack() > self.modes[1]:
            torch._C._pop_torch_dispatch_stack()
        torch.set_default_dtype(self.dtype)
        if torch.get_default_device().type != "cpu":
            torch.set_default_device(None)
        torch.set_grad_enabled(True)
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        if torch.are_deterministic_algorithms_enabled():
            torch.use_deterministic_algorithms(False)
        if torch.is_anomaly_enabled():
            torch.autograd.set_detect_anomaly(False)


def _catchable() -> list[int]:
    fixed = {signal.SIGKILL, signal.SIGSTOP}
    return [
        int(number)
        for number in signal.valid_signals()
        if number not in fixed and _signal.getsignal(number) is not None
    ]
