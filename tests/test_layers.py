"""The house keeps its shape: imports point down, and no CLI process imports torch."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dlkata

PACKAGE = Path(dlkata.__file__).parent
MAY_IMPORT = {
    "cli": {"author", "content", "grading", "laboratory", "progress", "study", "suite", "ui"},
    "author": {"content", "grading", "laboratory", "ui"},
    "ui": {"content", "grading", "progress", "study", "suite"},
    "study": {"content", "progress"},
    "laboratory": {"content", "grading"},
    "grading": {"content", "suite"},
    "suite": {"content"},
    "content": set(),
    "progress": set(),
}
FREE = {"errors", "launching", "locale", "texts", "__init__", "__main__"}
HEAVY = ("torch", "numpy", "pytest", "fsrs")  # fsrs only once there is an answer to schedule


def imported(file: Path) -> set[str]:
    """The dlkata parts a file imports, lazily or not."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        modules = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names |= {module.split(".")[1] for module in modules if module.startswith("dlkata.")}
    return names - FREE


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_imports_point_down(layer):
    for file in (PACKAGE / layer).rglob("*.py"):
        assert imported(file) - {layer} <= MAY_IMPORT[layer], file


def test_only_the_browser_imports_textual():
    """It is an extra: everything else works without it."""
    importing = {
        file.relative_to(PACKAGE).parts[:-1]
        for file in PACKAGE.rglob("*.py")
        if "_content" not in file.parts
        and re.search(r"^\s*(from|import) textual", file.read_text(encoding="utf-8"), re.M)
    }
    assert importing == {("cli", "browser")}


COMMANDS = [
    ["--help"], ["--version"], [], ["list"], ["kata", "adam"], ["hint", "adam"], ["solution", "adam", "--yes"],
    ["stats"], ["interview", "--history"],
    ["check", "adam"], ["quiz", "-n", "1"], ["why"], ["why", "masking", "--text"], ["browse"], ["path"], ["path", "transformers"], ["plan"], ["author", "coverage"], ["config"], ["doctor"], ["author", "--help"], ["completion", "bash"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_cli_process_imports_torch(arguments):
    """Not even `check` and `doctor`: they ask a child process."""
    program = (
        "import sys; sys.argv = ['dlkata', *sys.argv[1:]]\n"
        "from dlkata.__main__ import run\n"
        "run()\n"
        f"print('heavy:', [m for m in {HEAVY} if m in sys.modules])"
    )
    subprocess.run([sys.executable, "-m", "dlkata", "kata", "adam"], capture_output=True)
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, encoding="utf-8")
    assert done.stdout.rstrip().endswith("heavy: []"), done


def test_no_module_is_long():
    long = {
        file.name: lines for file in PACKAGE.rglob("*.py") if (lines := file.read_bytes().count(b"\n")) > 300
    }
    assert long == {}


MOST_SHARED = 15  # lines: what two suites share is dlkata.suite's


def test_no_two_suites_repeat_each_other():
    runs: dict[tuple[str, ...], str] = {}
    for file in sorted((PACKAGE.parent / "tests" / "katas").glob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        imports = [n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.Import, ast.ImportFrom))]
        left_out = {number for node in imports for number in range(node.lineno, (node.end_lineno or 0) + 1)}
        code = [line.strip() for number, line in enumerate(text.split("\n"), 1) if number not in left_out]
        lines = [line for line in code if line and not line.startswith("#")]
        for start in range(len(lines) - MOST_SHARED):
            run = tuple(lines[start : start + MOST_SHARED + 1])
            assert runs.setdefault(run, file.name) == file.name, (file.name, runs[run], run[0])


def test_the_engine_knows_no_kata_by_name():
    """Adding a kata never touches dlkata/."""
    stems = {file.stem for file in (PACKAGE.parent / "katas").glob("*.md")} - {"README"}
    for file in PACKAGE.rglob("*.py"):
        if "_content" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                # As a word of its own: "attention" is also a topic, the skeleton's default.
                assert node.value not in stems - {"attention", "softmax"}, (file, node.lineno)
