"""The process that runs the code beside a concept's page: draws, evidence, experiments, blocks that print.

Requests come on standard input and answers leave on standard output, a line of JSON each; what the code prints
goes elsewhere. torch is imported by whoever needs it, once.
"""

import io
import json
import os
import random
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from dlkata.grading.work.module import execute, execute_file


class Files:
    """Modules by file, executed again when the file has changed."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, ModuleType]] = {}

    def get(self, file: str) -> ModuleType:
        changed = os.stat(file).st_mtime_ns
        if self.known.get(file, (0, None))[0] != changed:
            self.known[file] = changed, execute_file(Path(file), f"concept_{Path(file).stem}")
        return self.known[file][1]


def perform(request: dict[str, Any], files: Files) -> Any:
    if request["do"] == "print":
        return printed(request["code"], request["seed"])
    module = files.get(request["file"])
    function = getattr(module, request["function"])
    if request["do"] == "draw":
        return function(random.Random(request["seed"]))
    calm(0)
    drawn, off = request.get("drawn"), request.get("off", False)
    if off:
        return function(off=True)
    return function() if drawn is None else function(drawn)


def printed(code: str, seed: int) -> str:
    """What a block of Python prints."""
    calm(seed)
    out = io.StringIO()
    with redirect_stdout(out):
        execute(code, "<question>", "__question__")
    return out.getvalue()


def calm(seed: int) -> None:
    """One thread, and no state left by what ran before."""
    random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.manual_seed(seed)


def describe(error: BaseException, file: str) -> dict[str, Any]:
    """What went wrong and on which line of the content's own file."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in (file, "<question>"):
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno or 0
    return {
        "error": f"{type(error).__name__}: {error}",
        "line": line,
        "failed": isinstance(error, AssertionError),
    }


def answer(request: dict[str, Any], files: Files) -> dict[str, Any]:
    if request["do"] == "call":
        import torch  # noqa: F401  what it costs is not the content's
    start, before = time.perf_counter(), time.process_time()
    try:
        result: dict[str, Any] = {"value": plain(perform(request, files))}
    except Exception as error:
        result = describe(error, request.get("file", "<question>"))
    except SystemExit as error:
        result = {"error": f"SystemExit: {error}", "line": 0, "failed": False}
    seconds, computing = time.perf_counter() - start, time.process_time() - before
    return result | {"seconds": round(seconds, 4), "computing": round(computing, 4)}


def plain(value: Any) -> Any:
    """Numbers and tensors of one entry as JSON has them; everything else must already be so."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "item") and hasattr(value, "shape") and not value.shape:  # a scalar of torch or numpy
        return plain(value.item())
    raise TypeError(f"{type(value).__name__} is not plain data")


def main() -> None:
    line = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever is printed must not be taken for an answer
    sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if "torch" in sys.argv:
        import torch  # noqa: F401  it takes a second: done before the first request comes
    files = Files()
    for request in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"):
        line.write(json.dumps(answer(json.loads(request), files)) + "\n")
        line.flush()
    os._exit(0)  # torch takes its time to tidy up


if __name__ == "__main__":
    main()
