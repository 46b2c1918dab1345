"""Executes content and attempts as fresh modules, from source text, under the file's own name."""

import linecache
import sys
from pathlib import Path
from types import ModuleType


def execute(source: str, file: str | Path, name: str, *, keep: bool = False) -> ModuleType:
    """A new module made by running `source`. While it runs it stands in sys.modules (dataclasses look there).

    It stays there only if `keep`: an attempt once fetched the reference from sys.modules and passed.
    """
    module = ModuleType(name)
    module.__file__ = str(file)
    # Without this, tracebacks would show the file as it is now, not the text that ran.
    linecache.cache[str(file)] = (len(source), None, source.splitlines(keepends=True), str(file))
    sys.modules[name] = module
    try:
        exec(compile(source, str(file), "exec", dont_inherit=True), module.__dict__)
    finally:
        if not keep:
            sys.modules.pop(name, None)
    return module


def execute_file(file: Path, name: str, *, keep: bool = False) -> ModuleType:
    return execute(file.read_text(encoding="utf-8"), file, name, keep=keep)
