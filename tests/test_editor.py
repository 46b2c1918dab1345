"""The editor opens an attempt at the function to write, and a new attempt has at hand what its signature names."""

import ast

import pytest

from dlkata.cli.editor import line_to_write, open_in_editor
from dlkata.content.library import Library
from dlkata.ui.attempt import attempt_text

KATAS = Library().katas


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.name)
def test_a_new_attempt_opens_at_its_first_function(kata):
    text = attempt_text(kata, "dlkata check")
    line = text.split("\n")[line_to_write(text) - 1]
    assert line.lstrip().startswith("def ")
    functions = [node for node in ast.walk(ast.parse(kata.stub)) if isinstance(node, ast.FunctionDef)]
    assert f"def {min(functions, key=lambda node: node.lineno).name}(" in line


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.name)
def test_a_new_attempt_imports_torch_if_its_signature_needs_it(kata):
    """`torch.softmax` in the first line one writes must not be a NameError."""
    text = attempt_text(kata, "dlkata check")
    names = {
        alias.name for node in ast.parse(text).body if isinstance(node, ast.Import) for alias in node.names
    }
    assert ("torch" in names) == ("torch" in kata.stub)
    assert text.count("\nimport torch\n") <= 1


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (
            '"""def f(x): the statement"""\n\ndef f():\n    return 1\n\ndef g():\n    raise NotImplementedError\n',
            6,
        ),
        ("def f():\n    return 1\n\ndef g():\n    return 2\n", 1),
        ("x = 1\nclass A:\n    def f(self):\n        raise NotImplementedError\n", 3),
        ("def f(:\n\nasync def g():\n    raise NotImplementedError\n", 3),
        ("x = (\n", 1),
        ("", 1),
    ],
)
def test_the_line_is_that_of_the_first_function_still_to_be_written(source, line):
    assert line_to_write(source) == line


@pytest.mark.parametrize(
    ("editor", "told"),
    [
        ("vim", ["+3", "{file}"]),
        ("/usr/bin/nano -w", ["-w", "+3", "{file}"]),
        ("emacsclient -nw", ["-nw", "+3", "{file}"]),
        ("code --wait", ["--wait", "--goto", "{file}:3"]),
        ("hx", ["{file}:3"]),
        ("pycharm", ["--line", "3", "{file}"]),
        ("my-own-editor -x", ["-x", "{file}"]),
    ],
)
def test_each_editor_is_told_the_line_in_its_own_way(tmp_path, monkeypatch, editor, told):
    file = tmp_path / "a file.py"
    file.write_text("x = 1\n\ndef f():\n    raise NotImplementedError\n", encoding="utf-8")
    started = []
    monkeypatch.setattr("subprocess.run", lambda words, **_options: started.append(words))
    open_in_editor(editor, file)
    assert started[0][1:] == [part.format(file=file) for part in told]
