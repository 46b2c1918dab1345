"""Every sentence the code marks for translation, found in its syntax trees."""

import ast
from inspect import cleandoc
from pathlib import Path

import dlkata

PACKAGE = Path(dlkata.__file__).parent


def marked() -> dict[str, str]:
    """Sentence → where it stands."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        if "_content" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                if (
                    node.args
                    and isinstance(node.args[0], ast.Constant)
                    and isinstance(node.args[0].value, str)
                ):
                    text = node.args[0].value
                    found[cleandoc(text) if node.func.id == "N_" else text] = (
                        f"{file.relative_to(PACKAGE)}:{node.lineno}"
                    )
    return found
