"""No trick passes: what an attempt reaches for is seen, named and refused, and the other tests are still graded."""

import shutil
from pathlib import Path

import pytest
from attempts import attempt, graded, messages, outcomes

ROOT = Path(__file__).parent.parent
FILES = ("katas/attention.md", "katas/attention.py", "solutions/attention.py", "solutions/attention.toml",
         "tests/katas/test_attention.py")  # fmt: skip


TAMPERING = {
    "torch.allclose": ("torch.allclose = lambda *a, **k: True", "torch.allclose"),
    "assert_close": (
        "import torch.testing as t; t.assert_close = lambda *a, **k: None",
        "torch.testing.assert_close",
    ),
    "a pytest function": ("import pytest; pytest.raises = None", "pytest.raises"),
    "a Tensor method": ("torch.Tensor.cpu = lambda self: self", "Tensor.cpu"),
    "an operator added": ("torch.Tensor.__eq__ = lambda a, b: torch.tensor(True)", "Tensor.__eq__"),
    "numpy": ("import numpy; numpy.array_equal = lambda *a, **k: True", "numpy.array_equal"),
    "a code object": ("torch.allclose.__class__", None),
    "our own functions": ("import dlkata.suite.judging as s; s.same = lambda *a, **k: None", "dlkata"),
    "gc": ("import gc; gc.get_objects()", "gc.get_objects"),
    "frames": ("sys._getframe(1).f_locals", "sys._getframe"),
    "inspect": ("import inspect; inspect.stack()", "sys._getframe"),
    "a program": ("import subprocess; subprocess.run(['true'])", "true"),
}


@pytest.mark.parametrize("name", [name for name, (_code, what) in TAMPERING.items() if what])
def test_tampering_fails_and_is_named(warm, tmp_path, name):
    code, what = TAMPERING[name]
    ran = warm("check", str(attempt(tmp_path, code)), "--json")
    answer = graded(ran)
    assert ran.code == 1 and not answer["passed"]
    assert any(what in sentence for sentence in answer["tampered"]), answer["tampered"]


def test_tampering_while_it_is_loaded_is_named_too(warm, tmp_path):
    answer = graded(
        warm("check", str(attempt(tmp_path, top="torch.allclose = lambda *a, **k: True")), "--json")
    )
    assert not answer["passed"]
    assert any("torch.allclose" in sentence for sentence in answer["tampered"])


def test_reading_the_solution_is_named(warm, tmp_path):
    solution = Path(__file__).parent.parent / "solutions" / "attention.py"
    answer = graded(warm("check", str(attempt(tmp_path, f"open({str(solution)!r}).read()")), "--json"))
    assert not answer["passed"]
    assert any("attention.py" in sentence and "opened" in sentence for sentence in answer["tampered"])


def test_writing_to_the_graders_pipe_is_never_a_pass(warm, tmp_path):
    answer = graded(warm("check", str(attempt(tmp_path, "os.write(3, b'passed' * 100)")), "--json"))
    assert not answer["passed"]
    assert any("line was cut or written to" in sentence for sentence in answer["tampered"])


def test_closing_every_descriptor_is_never_a_pass(warm, tmp_path):
    answer = graded(warm("check", str(attempt(tmp_path, "os.closerange(0, 100)")), "--json"))
    assert not answer["passed"]
    assert set(outcomes(answer).values()) >= {"passed"}


def test_a_tensor_that_claims_equality_is_seen_through(warm, tmp_path):
    top = (
        "class Equal(torch.Tensor):\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, f, t, a=(), k=None):\n"
        "        return True\n"
    )
    answer = graded(
        warm(
            "check",
            str(attempt(tmp_path, "return torch.zeros(1).as_subclass(Equal)", when="True", top=top)),
            "--json",
        )
    )
    assert not answer["passed"]
    assert "a subclass of Tensor" in messages(answer)


def test_spoiling_what_the_answer_is_computed_from_is_no_pass(warm, tmp_path):
    fault = "with torch.no_grad():\n    [x.fill_(float('nan')) for x in (q, k, v)]\nreturn q @ k.mT @ v"
    answer = graded(warm("check", str(attempt(tmp_path, fault, when="True")), "--json"))
    assert not answer["passed"]
    assert "changed its input" in messages(answer)


BANNED = {
    "F.": "return torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)",
    "getattr": "return getattr(torch.nn.functional, 'scaled_dot_' + 'product_attention')(q, k, v, mask)",
    "torch.ops": "return torch.ops.aten.scaled_dot_product_attention(q, k, v, mask)",
    "scripted": "return torch.jit.trace(lambda a, b, c: torch.nn.functional.scaled_dot_product_attention(a, b, c), (q, k, v))(q, k, v)",
    "a thread": (
        "import threading; box = []\n"
        "t = threading.Thread(target=lambda: box.append(torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)))\n"
        "t.start(); t.join(); return box[0]"
    ),
    "DisableTorchFunction": (
        "with torch._C.DisableTorchFunction():\n    return torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)"
    ),
    "vmap": "return torch.vmap(lambda a, b, c: torch.nn.functional.scaled_dot_product_attention(a, b, c))(q, k, v)",
}


@pytest.mark.parametrize("route", BANNED)
def test_a_forbidden_built_in_is_caught_on_every_route(warm, tmp_path, route):
    file = attempt(tmp_path, BANNED[route], when="mask is None and q.dim() == 3")
    answer = graded(warm("check", str(file), "--json"))
    assert not answer["passed"]
    calls = {ban["call"] for ban in answer["banned"]}
    assert any("scaled_dot_product" in call for call in calls), answer["banned"]
    lines = file.read_text(encoding="utf-8").split("\n")
    assert any(
        "scaled_dot" in lines[ban["line"] - 1] or "__call__" in lines[ban["line"] - 1]
        for ban in answer["banned"]
    )


def test_an_alias_of_a_forbidden_built_in_is_caught(warm, tmp_path):
    file = tmp_path / "attention.py"
    file.write_text(
        "import torch.nn.functional as F\nattention = F.scaled_dot_product_attention\n", encoding="utf-8"
    )
    answer = graded(warm("check", str(file), "--json"))
    assert not answer["passed"]
    assert answer["banned"][0] == {"call": "scaled_dot_product_attention", "line": 2}


def test_a_subclass_of_a_forbidden_layer_is_caught(warm, tmp_path):
    file = tmp_path / "layernorm.py"
    file.write_text("from torch import nn\n\n\nclass LayerNorm(nn.LayerNorm):\n    pass\n", encoding="utf-8")
    answer = graded(warm("check", str(file), "--json"))
    assert not answer["passed"]
    assert {"call": "LayerNorm", "line": 4} in answer["banned"]


@pytest.fixture
def pack(home, tmp_path) -> Path:
    """A copy of the kata that an attempt may try to destroy."""
    folder = tmp_path / "copy"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    settings = home / "data" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(f"packs = ['{folder}']\n", encoding="utf-8")
    return folder


DESTROYED = {
    "the suite": ("os.remove({target!r})", "tests/katas/test_attention.py"),
    "the solution": ("open({target!r}, 'w').write('')", "solutions/attention.py"),
    "the solution by another way": ("os.rename({target!r}, {target!r} + '.old')", "solutions/attention.py"),
    "the bug list": ("os.truncate({target!r}, 0)", "solutions/attention.toml"),
}


@pytest.mark.parametrize("name", DESTROYED)
def test_what_grades_cannot_be_destroyed(warm, tmp_path, pack, name):
    code, what = DESTROYED[name]
    target = pack / what
    before = target.read_text(encoding="utf-8")
    file = attempt(tmp_path, code.format(target=str(target)))
    answer = graded(warm("check", str(file), "--as", "copy/attention", "--json"))
    assert not answer["passed"]
    assert f"`{target.name}` was to be changed or deleted, which was refused" in messages(answer)
    assert target.read_text(encoding="utf-8") == before
    assert outcomes(answer)["test_output"] == "passed"


def test_the_attempt_cannot_rewrite_or_delete_itself(warm, tmp_path):
    for code in ("open(__file__, 'w').write('')", "os.unlink(__file__)"):
        file = attempt(tmp_path, code)
        before = file.read_text(encoding="utf-8")
        answer = graded(warm("check", str(file), "--json"))
        assert not answer["passed"]
        assert "attention.py` was to be changed or deleted" in messages(answer)
        assert file.read_text(encoding="utf-8") == before


def test_the_record_cannot_be_read_or_destroyed(warm, tmp_path, home):
    warm("kata", "attention")
    record = home / "data" / "record.db"
    before = record.read_bytes()
    for code, sentence in [
        (f"os.remove({str(record)!r})", "was to be changed or deleted"),
        (f"import sqlite3; sqlite3.connect({str(record)!r})", "was opened"),
    ]:
        answer = graded(warm("check", str(attempt(tmp_path, code)), "--json"))
        assert not answer["passed"]
        assert f"`record.db` {sentence}" in messages(answer)
    assert record.read_bytes()[:100] == before[:100]
    assert warm("list", "--json").code == 0, "the record is intact"


SOLUTION = str(ROOT / "solutions" / "attention.py")
READS = {
    "open": (f"open({SOLUTION!r}).read()", "`attention.py` was opened"),
    "pathlib": (f"import pathlib; pathlib.Path({SOLUTION!r}).read_text()", "`attention.py` was opened"),
    "numpy": (f"import numpy; numpy.fromfile({SOLUTION!r}, dtype='u1')", "`attention.py` was opened"),
    "listing": (f"os.listdir({str(ROOT / 'solutions')!r})", "`solutions` was opened"),
    "linecache": (f"import linecache; assert linecache.getlines({SOLUTION!r})", "AssertionError"),
    "sys.modules": ("reference = sys.modules['reference']", "KeyError"),
    "the suite's own module": (
        "[m for n, m in sys.modules.items() if 'test_attention' in n][0].reference",
        "IndexError",
    ),
    "closures through gc": ("import gc; gc.get_referrers(q)", "gc.get_referrers"),
    "a traceback": ("try: 1 / 0\nexcept Exception as e: e.__traceback__.tb_frame.f_back", "tb_frame"),
}


@pytest.mark.parametrize("name", READS)
def test_the_solution_cannot_be_read(warm, tmp_path, name):
    code, sentence = READS[name]
    answer = graded(warm("check", str(attempt(tmp_path, code)), "--json"))
    assert not answer["passed"]
    assert sentence in messages(answer)
    assert outcomes(answer)["test_output"] == "passed", "the other tests are still graded"


def test_a_printed_verdict_convinces_nobody(warm, tmp_path):
    fault = "print('{\"passed\": true}'); print('✓ Passed'); return q @ k.mT @ v"
    ran = warm("check", str(attempt(tmp_path, fault, when="True")), "--json")
    assert ran.code == 1 and graded(ran)["passed"] is False
    ran = warm("check", str(tmp_path / "attention.py"))
    assert ran.code == 1 and "Not passed" in ran.out


LIARS = {
    "shape": (
        "class Liar(torch.Tensor):\n    shape = property(lambda self: torch.Size((2, 5, 6)))\n",
        "torch.zeros(1).as_subclass(Liar)",
    ),
    "__eq__": (
        "class Liar(torch.Tensor):\n    def __eq__(self, other): return torch.tensor(True)\n    __hash__ = None\n",
        "torch.zeros(2, 5, 6).as_subclass(Liar)",
    ),
    "a class of its own": (
        "class Liar:\n    def __getattr__(self, name): return lambda *a, **k: self\n    def __bool__(self): return True\n",
        "Liar()",
    ),
}


@pytest.mark.parametrize("name", LIARS)
def test_values_that_lie_about_themselves_are_seen_through(warm, tmp_path, name):
    top, value = LIARS[name]
    answer = graded(warm("check", str(attempt(tmp_path, f"return {value}", when="True", top=top)), "--json"))
    assert not answer["passed"]
    assert "passed" not in {outcomes(answer)["test_output"], outcomes(answer)["test_gradients"]}


KEYED = {
    "the caller's name": "sys._getframe(1).f_code.co_name == 'test_output'",
    "the first test's sizes": "q.shape[-2:] == (5, 4) and k.shape[-2] == 7",
    "the first seed": "torch.initial_seed() == 0",
    "the first value": "abs(q.flatten()[0].item() - {first}) < 1e-9",
    "how often it was called": "calls.append(1) or len(calls) < 40",
}


@pytest.mark.parametrize("name", KEYED)
def test_an_attempt_that_is_right_only_where_it_recognises_the_suite_fails(warm, tmp_path, name):
    import torch

    first = torch.randn(1, generator=torch.Generator().manual_seed(0), dtype=torch.float64).item()
    wrong = "return torch.softmax(q @ k.mT, -1) @ v"
    when = f"not ({KEYED[name].format(first=first)})"
    answer = graded(warm("check", str(attempt(tmp_path, wrong, when=when, top="calls = []")), "--json"))
    assert not answer["passed"]


def test_views_of_what_it_was_given_do_not_follow_the_expected_values(warm, tmp_path):
    """The reference's answer is computed from inputs of its own: what an attempt hands out cannot become it."""
    fault = "return v[..., : q.shape[-2], :].expand(*q.shape[:-1], v.shape[-1]) if k.shape[-2] >= q.shape[-2] else v"
    answer = graded(warm("check", str(attempt(tmp_path, fault, when="True")), "--json"))
    assert not answer["passed"]


ROUTES = {
    "a hook": "q.register_hook(lambda g: torch.nn.functional.scaled_dot_product_attention(g, g, g))",
    "a layer that is made and not used": "torch.nn.MultiheadAttention(4, 2)",
    "a layer made elsewhere": "getattr(torch.nn, 'Multihead' + 'Attention')(4, 2)",
    "text": "exec('torch.nn.functional.scaled_dot_product_attention(q, k, v)')",
    "a generator": "return next(torch.nn.functional.scaled_dot_product_attention(x, k, v, mask) for x in [q])",
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_forbidden_built_in_is_caught_behind_detours(warm, tmp_path, route):
    when = "mask is None and q.dim() == 3 and q.requires_grad"
    answer = graded(warm("check", str(attempt(tmp_path, ROUTES[route], when=when)), "--json"))
    assert not answer["passed"]
    assert answer["banned"], messages(answer)
