"""Executes content and attempts as fresh modules, from source text, under the file's own name."""

import ast
import linecache
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


def execute(
    source: str,
    file: str | Path,
    name: str,
    *,
    keep: bool = False,
    tree: ast.Module | None = None,
    given: Mapping[str, Any] | None = None,
) -> ModuleType:
    """A new module made by running `source`. While it runs it stands in sys.modules (dataclasses look there).

    It stays there only if `keep`: an attempt once fetched the reference from sys.modules and passed.
    `tree` runs in place of the source it was parsed from; `given` are names it finds defined.
    """
    module = ModuleType(name)
    module.__dict__.update(given or {})
    module.__file__ = str(file)
    if keep:
        # Without this, tracebacks would show the file as it is now, not the text that ran. Never the reference's:
        # an attempt could read it there.
        linecache.cache[str(file)] = (len(source), None, source.splitlines(keepends=True), str(file))
    sys.modules[name] = module
    try:
        code = (
            compiled(source, str(file))
            if tree is None
            else compile(tree, str(file), "exec", dont_inherit=True)
        )
        exec(code, module.__dict__)
    finally:
        if not keep:
            sys.modules.pop(name, None)
    return module


@cache
def compiled(source: str, file: str) -> CodeType:
    """Compiled once in the process that forks, for all its workers."""
    return compile(source, file, "exec", dont_inherit=True)


def execute_file(file: Path, name: str, *, keep: bool = False) -> ModuleType:
    return execute(file.read_text(encoding="utf-8"), file, name, keep=keep)
