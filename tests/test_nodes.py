"""An instrumented source does what the source does, and every value is reported with its place."""

from typing import Any

import pytest

from dlkata.grading.place.nodes import BLANK, EDIT, NOTE, instrument

SOURCES = {
    "closure": "def f(n):\n    seen = {}\n    def g(i):\n        seen[i] = i * 2\n        return seen[i]\n    return [g(i) for i in range(n)]",
    "global": "MEMO = {}\ndef f(n):\n    MEMO[n] = n + 1\n    return MEMO[n]",
    "augmented": "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    else:\n        total -= 1\n    return total",
    "unpacked": "def f(n):\n    (a, *b), c = (n, n + 1, n + 2), -n\n    return a, b, c",
    "walrus": "def f(n):\n    return [y for x in range(n) if (y := x * x) > 2]",
    "lambda": "def f(n):\n    g = lambda x, k=2: x ** k\n    return g(n) + (lambda: n)()",
    "generator": "def f(n):\n    def g():\n        yield from (i % 3 for i in range(n))\n    return sum(g())",
    "class": "class A:\n    k = 3\n    def __init__(self, n):\n        super().__init__()\n        self.n = n\n    @property\n    def twice(self): return self.n * 2\ndef f(n):\n    a = A(n)\n    a.n += 1\n    return a.twice + A.k",
    "strings": "def f(n):\n    return f'{n + 1!r:>5}' + '数'[0:1]",
    "match": "def f(n):\n    match n % 2:\n        case 0: return 'even'\n        case _: return 'odd'",
    "with": "import contextlib\ndef f(n):\n    with contextlib.suppress(ZeroDivisionError) as _:\n        return 1 / (n - n)\n    return 'none'",
}  # fmt: skip


def run(source: str, heard: list[tuple[int, Any]] | None = None) -> Any:
    def note(number: int, value: Any) -> Any:
        if heard is not None:
            heard.append((number, value))
        return value

    scope: dict[str, Any] = {NOTE: note, EDIT: note, BLANK: note}
    exec(source if heard is None else compile(instrument(source, "x.py")[0], "x.py", "exec"), scope)
    return scope["f"](5)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_it_does_the_same(source):
    assert run(source, []) == run(source)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_the_place_of_a_value_is_where_its_text_stands(source):
    lines = source.split("\n")
    for node in instrument(source, "x.py")[1]:
        if node.kind != "edit" and node.line == node.end_line:
            assert lines[node.line - 1][node.column : node.end_column] == node.text


def test_values_are_heard_in_the_order_they_come():
    source = "def f(n):\n    a = n * 2\n    return a - 1"
    heard: list[tuple[int, Any]] = []
    assert run(source, heard) == 9
    texts = {node.number: node.text for node in instrument(source, "x.py")[1]}
    assert [(texts[number], value) for number, value in heard] == [
        ("n", 5),
        ("n * 2", 10),
        ("a", 10),
        ("a - 1", 9),
    ]
