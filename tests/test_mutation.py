"""Mechanical mistakes: which there are, which a suite lets pass, and which of those are explained."""

import json
import tomllib
from itertools import count

import pytest

from dlkata.author.inspection import inspect
from dlkata.author.mutation import means, mutants
from dlkata.author.survival import survival
from dlkata.cli.author.mutate import entries
from dlkata.content.library import Library
from dlkata.content.solution import Equivalent
from dlkata.errors import DlkataError
from dlkata.grading import client
from dlkata.progress.places import data_folder
from dlkata.progress.settings import load_settings

PAGE = """\
+++
level = 1
minutes = 5
topic = 'mlp'
order = 900
+++
# en: Hinge
`hinge(x)` is the sum of the positive entries of x, which is (N,).
# zh: 铰链
`hinge(x)`：x 中正数之和；x 为 (N,)。
"""
STUB = """\
from torch import Tensor


def hinge(x: Tensor) -> Tensor:
    raise NotImplementedError
"""
REFERENCE = '''\
"""Hinge."""

from torch import Tensor


def hinge(x: Tensor) -> Tensor:
    """Σ max(0, x)"""
    kept = x.relu()
    return kept.sum(dim=0)
'''
WEAK = '''\
from dlkata.suite import gradients, normal, same


def test_output(candidate, reference, seed):
    """The output is right
    输出正确"""
    [x] = normal(seed, (7,))
    same(candidate.hinge(x.abs()).detach(), reference.hinge(x.abs()).detach())
'''
GOOD = '''\
from dlkata.suite import gradients, normal, same, unchanged


def test_output(candidate, reference, seed):
    """The output is right
    输出正确"""
    [x] = normal(seed, (7,), scale=3.0)
    with unchanged(x=x):
        same(candidate.hinge(x), reference.hinge(x))


def test_gradient(candidate, reference, seed):
    """The gradient is right
    梯度正确"""
    mine, theirs = normal(seed, (7,), scale=3.0), normal(seed, (7,), scale=3.0)
    same(gradients(candidate.hinge(*mine), mine), gradients(reference.hinge(*theirs), theirs), ["∂L/∂x"])
'''
LAST_AXIS = """
[[equivalents]]
line = 'return kept.sum(dim=0)'
becomes = 'return kept.sum(dim=-1)'
why = 'x has one axis.'

[[equivalents]]
line = 'kept.sum'
becomes = 'return kept.sum()'
why = 'x has one axis.'
"""
EQUIVALENT = {"return kept.sum(dim=-1)", "return kept.sum()"}
NUMBERS = count()


@pytest.fixture(scope="module")
def open_line():
    with client.warm() as open_line:
        yield open_line


@pytest.fixture
def write(tmp_path):
    """Writes the kata `hinge` of a pack and reads it. Its stem is new each time: a host collects a stem once."""

    def write(suite: str, equivalents: str = "", reference: str = REFERENCE):
        stem = f"hinge{next(NUMBERS)}"
        texts = {
            f"katas/{stem}.md": PAGE,
            f"katas/{stem}.py": STUB,
            f"solutions/{stem}.py": reference,
            f"solutions/{stem}.toml": "hints = []\nbugs = []\n" + equivalents,
            f"tests/katas/test_{stem}.py": suite,
        }
        for name, text in texts.items():
            file = tmp_path / "pack" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return Library([tmp_path / "pack"]).kata(f"pack/{stem}")

    return write


def becomes(line: str, source: str) -> list[str]:
    return [mutant.after for mutant in mutants(source) if mutant.before == line]


# ---------------------------------------------------------------- which there are


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("y = a - b", ["y = a + b", "y = b - a", "y = a", "y = b", "pass", "y = (a - b).detach()"]),
        ("y = a / b ** 2", ["y = a * b ** 2", "y = a / b", "y = a / b ** 3", "y = a / b ** 1", "y = a / (b * 2)"]),
        ("y = a.softmax(dim=-1)", ["y = a", "y = a.softmax(dim=-2)", "y = a.softmax(dim=0)", "y = a.softmax()"]),
        ("y = a.mean(-1, keepdim=True)", ["y = a.sum(-1, keepdim=True)", "y = a.mean(-1, keepdim=False)"]),
        ("y = torch.sqrt(a + 1e-05)", ["y = a + 1e-05", "y = torch.sqrt(a)", "y = torch.sqrt(a + 1.1e-05)"]),
        ("y = f(a, b)", ["y = f(b, a)", "y = f(a)", "y = a"]),
        ("y = a[:, 1:]", ["y = a[:, 2:]", "y = a[:, :]", "y = a[:, 1:-1]", "y = a"]),
        ("y = a.detach()", ["y = a"]),
        ("y = a.clone()", ["y = a"]),
        ("y = -a", ["y = a"]),
        ("y = a if a < b else b", ["y = a if a >= b else b", "y = a if a <= b else b", "y = a", "y = b"]),
        ("y = not (a and b)", ["y = a and b", "y = not (a or b)", "y = not a"]),
        ("y = torch.ones(3).tril(1)", ["y = torch.ones(3).triu(1)", "y = torch.zeros(3).tril(1)"]),
        ("y = torch.zeros_like(a)", ["y = torch.zeros(a.shape)", "y = torch.ones_like(a)"]),
        ("y = [f() for _ in range(b)]", ["y = [f()] * len(range(b))", "y = [f() for _ in range(b - 1)]"]),
        ("y = a.add_(b)", ["y = a.sub_(b)", "y = a.add(b)"]),
        ("y = a.T", ["y = a"]),
        ("a -= b", ["a += b", "a = b", "a = a - b"]),
    ],
)  # fmt: skip
def test_a_line_is_spoiled_in_the_ways_people_spoil_it(line, expected):
    source = f"import torch\n\ndef f(a, b):\n    {line}\n    return y\n"
    assert [text for text in expected if text not in becomes(line, source)] == []


def test_statements_conditions_and_results_are_spoiled():
    source = """
import torch

def f(x, mask=None, scale=2.0):
    if mask is not None:
        x = x * mask
    with torch.no_grad():
        x += 1
    y = x * scale
    return y
"""
    assert set(becomes("if mask is not None:", source)) >= {"pass", "if mask is None:", "if True:"}
    assert becomes("with torch.no_grad():", source) == ["pass", "if True:"]
    assert not any("detach" in text for text in becomes("x += 1", source)), "nothing is recorded there"
    assert set(becomes("return y", source)) >= {"return x", "return mask", "return y.detach()"}
    heads = becomes("def f(x, mask=None, scale=2.0):", source)
    assert "def f(x, mask=None, scale=2.2):" in heads


def test_what_is_no_code_is_left_alone():
    source = '''"""1 + 1"""
import torch
from a import b

def f(x: "Tensor | None" = None) -> "Literal[1]":
    """Not 2 but 3."""
    raise ValueError("4 of 5")
'''
    assert [mutant.after for mutant in mutants(source)] == ["pass"]


def test_mutants_come_in_order_once_and_with_their_place():
    found = mutants(REFERENCE)
    assert [mutant.line for mutant in found] == sorted(mutant.line for mutant in found)
    assert len({mutant.source for mutant in found}) == len(found)
    assert {(mutant.line, mutant.scope) for mutant in found} == {(8, "hinge"), (9, "hinge")}
    mutants.cache_clear()
    assert mutants(REFERENCE) == found


def test_an_entry_means_its_own_mutant_alone():
    source = (
        "class A:\n    def f(self, x):\n        return x + 1\n\n    def g(self, x):\n        return x + 1\n"
    )
    plus = [mutant for mutant in mutants(source) if mutant.after == "return x + 2"]
    assert [mutant.scope for mutant in plus] == ["A.f", "A.g"]

    def meant(**fields):
        entry = Equivalent(**{"line": "return x + 1", "becomes": "return x + 2", "why": "…", **fields})
        return [mutant.scope for mutant in plus if means(entry, mutant, source)]

    assert meant() == ["A.f", "A.g"]
    assert meant(within="A.g") == ["A.g"]
    assert meant(line="x + 1") == [], "it occurs on two lines"
    assert meant(becomes="return x + 3") == []


# ---------------------------------------------------------------- which survive


def test_a_weak_suite_leaves_survivors_with_their_lines(write, open_line):
    report = survival(write(WEAK), open_line, 2)
    survivors = {(mutant.line, mutant.before, mutant.after) for mutant in report.survivors}
    assert (8, "kept = x.relu()", "kept = x") in survivors
    assert (8, "kept = x.relu()", "kept = x.relu().detach()") in survivors
    assert (8, "kept = x.relu()", "kept = x.tanh()") not in survivors
    assert sum(report.killed.values()) + len(report.survivors) == report.total and not report.complete


def test_a_good_suite_leaves_only_what_is_right_too_and_that_is_explained(write, open_line):
    report = survival(write(GOOD), open_line, 2)
    assert {m.after for m in report.survivors} == EQUIVALENT
    pasted = "\n".join(entries(report))
    assert {entry["becomes"] for entry in tomllib.loads(pasted)["equivalents"]} == EQUIVALENT
    report = survival(write(GOOD, pasted), open_line, 2)
    assert report.complete and len(report.explained) == 2


def test_entries_that_no_longer_hold_are_reported(write, open_line):
    killed = "[[equivalents]]\nline = 'kept ='\nbecomes = 'kept = x'\nwhy = 'No.'\n"
    gone = "[[equivalents]]\nline = 'kept ='\nbecomes = 'kept = y'\nwhy = 'No.'\n"
    kata = write(GOOD, LAST_AXIS + killed + gone)
    report = survival(kata, open_line, 2)
    assert not report.complete and not report.survivors
    assert [stale.reason for stale in report.stale] == ["test_output rejects it", "there is no such mutant"]
    complaints = [text for text in inspect(kata, Library()) if "no mutant" in text]
    assert len(complaints) == 1 and "`kept = y`" in complaints[0]


def test_a_mutant_that_crashes_or_hangs_is_killed(write, open_line):
    risky = """
import os


def hinge(x):
    if x.ndim == 9:
        os._exit(0)
    left = 3
    while left > 0:
        left -= 1
    return x.relu().sum()
"""
    kata = write(GOOD, reference=risky)
    page = kata.page_file
    page.write_text(
        page.read_text(encoding="utf-8").replace("\norder =", "\ndeadline = 0.5\norder =", 1),
        encoding="utf-8",
    )
    report = survival(kata, open_line, 2)
    assert report.killed["timeout"] >= 2, "the countdown dropped, or counting up"
    lived = {mutant.after for mutant in report.survivors}
    assert "left = 4" in lived and "if True:" not in lived, "the latter ends the process"


def test_the_reference_itself_has_to_pass(write, open_line):
    with pytest.raises(DlkataError, match="reference itself"):
        survival(write(GOOD.replace("reference.hinge(x)", "reference.hinge(x) + 1")), open_line, 2)


# ---------------------------------------------------------------- the command


@pytest.fixture
def trusted(write, tmp_path):
    def trusted(*arguments):
        kata = write(*arguments)
        load_settings(data_folder()).trust(str(tmp_path / "pack"))
        return kata

    return trusted


def test_the_command_lists_survivors_and_counts(trusted, dlkata):
    kata = trusted(GOOD)
    ran = dlkata("author", "mutate", kata.name)
    assert ran.code == 1
    assert f"{kata.reference_file}:9 hinge: no test rejects this" in ran.out
    assert "    - return kept.sum(dim=0)\n    + return kept.sum(dim=-1)\n" in ran.out
    assert "0 explained, 2 unexplained" in ran.out
    explained = trusted(GOOD, LAST_AXIS)
    ran = dlkata("author", "mutate", explained.name, "--json")
    [answer] = json.loads(ran.out)
    assert ran.code == 0 and answer["explained"] == 2 and answer["unexplained"] == answer["stale"] == []
    assert answer["mutants"] == sum(answer["killed"].values()) + 2
