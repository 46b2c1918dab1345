"""Nothing passes that could not compute the answer by itself: cheats written with the grader's source read.

Each one computes something wrong, or does what is forbidden, and tries to be taken for right.
"""

import os
import selectors
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from attempts import RIGHT, ROOT
from red_team import FRAMES, LAYERNORM, RED_TEAM

from dlkata.author.proof import check_of, grade
from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.grading.confirming import TRIES, Confirmation
from dlkata.grading.protocol import Done, Outcome, Verdict
from dlkata.grading.work.landlock import version
from dlkata.grading.workers import Ended, Worker

LIBRARY = Library()
WRONG = "torch.softmax(q @ k.mT, -1) @ v"  # neither scaled nor masked
LIBC_READ = """\
import ctypes
libc = ctypes.CDLL(None)  # goes round every audit hook

def read(path):
    descriptor = libc.open(str(path).encode(), 0)
    if descriptor < 0:
        return ''
    buffer = ctypes.create_string_buffer(1 << 16)
    return buffer.raw[:max(0, libc.read(descriptor, buffer, 1 << 16))].decode()
"""


@pytest.fixture(scope="module")
def open_line():
    with client.warm() as open_line:
        yield open_line


@pytest.fixture
def fate(open_line, tmp_path):
    """How a source fares as an attempt at a kata; the quick tests and the confirmation are enough to refuse it."""

    def fare(kata: str, source: str):
        file = tmp_path / f"{kata}.py"
        file.write_text(source, encoding="utf-8")
        check = check_of(
            LIBRARY.kata(kata), source, kata, training=False, diagnose=False, locate=False, repeated=True
        )
        check.attempt = str(file)
        return grade(open_line(), check)

    return fare


def refused(graded) -> bool:
    """It did not pass, and somebody said why."""
    said = graded.problem is not None or any(r.outcome != Outcome.PASSED for r in graded.results)
    assert graded.verdict is None or not graded.verdict.passed
    caught = graded.verdict is not None and (graded.verdict.banned or graded.verdict.tampered)
    return bool(said or caught)


def attention(top: str, body: str = f"return {WRONG}") -> str:
    return RIGHT.format(top=top, when="True", fault=body.replace("\n", "\n        "))


SOLUTION = ROOT / "solutions" / "attention.py"
CHEATS = {
    # ---- frames: the reference stands in a frame of the test
    "the reference from a frame": attention(
        FRAMES,
        "for f in frames():\n"
        "    found = f.f_locals.get('reference')\n"
        "    if found is not None and found.attention is not attention:\n"
        "        return found.attention(q, k, v, mask)\n"
        f"return {WRONG}",
    ),
    "the judge's globals from a frame": attention(
        FRAMES,
        "for f in frames():\n"
        "    if 'same' in f.f_globals: f.f_globals['same'] = lambda *a, **k: None\n"
        f"return {WRONG}",
    ),
    "the judge's code from a frame": attention(
        FRAMES,
        "for f in frames():\n"
        "    if hasattr(f.f_globals.get('same'), '__code__'):\n"
        "        f.f_globals['same'].__code__ = (lambda *a, **k: None).__code__\n"
        f"return {WRONG}",
    ),
    "the journal emptied": attention(
        FRAMES,
        "for f in frames():\n"
        "    if 'journal' in f.f_globals: f.f_globals['journal'].record = lambda *a, **k: None\n"
        f"return {WRONG}",
    ),
    "the candidate replaced by the reference": attention(
        FRAMES,
        "for f in frames():\n"
        "    if 'reference' in f.f_locals and 'candidate' in f.f_locals:\n"
        "        f.f_locals['candidate'].attention = f.f_locals['reference'].attention\n"
        f"return {WRONG}",
    ),
    "an exception's frames": attention(
        "",
        "try: raise ValueError\n"
        "except ValueError as e:\n"
        "    f = getattr(e.__traceback__, 'tb_' + 'frame')\n"
        "    while f is not None and 'reference' not in f.f_locals: f = f.f_back\n"
        "    if f is not None: return f.f_locals['reference'].attention(q, k, v, mask)\n"
        f"return {WRONG}",
    ),
    # ---- descriptors: forged messages with the token of the channel
    "forged passes": attention(
        FRAMES,
        "from types import SimpleNamespace\n"
        "for f in frames():\n"
        "    channel = f.f_locals.get('channel')\n"
        "    if channel is not None and hasattr(channel, 'send') and not hasattr(channel, 'seen'):\n"
        "        send = channel.send\n"
        "        def lie(*messages):\n"
        "            for m in messages:\n"
        "                if hasattr(m, 'outcome'): m.outcome, m.finding, m.raised = 'passed', None, None\n"
        "            send(*messages)\n"
        "        channel.send, channel.seen = lie, True\n"
        f"return {WRONG}",
    ),
    "every descriptor closed": attention("", f"os.closerange(0, 64)\nreturn {WRONG}"),
    "noise on every descriptor": attention(
        "", f"for n in range(3, 20):\n    try: os.write(n, b'passed' * 99)\n    except OSError: pass\nreturn {WRONG}"
    ),
    # ---- files: the solution read past the audit hook, and handed from one worker to the other
    "the solution through libc": attention(
        LIBC_READ + f"space = {{}}\nexec(read({str(SOLUTION)!r}), space)\n",
        f"return space['attention'](q, k, v, mask) if 'attention' in space else {WRONG}",
    ),
    "the solution through /proc": attention(
        LIBC_READ + f"space = {{}}\nexec(read('/proc/self/root' + {str(SOLUTION)!r}), space)\n",
        f"return space['attention'](q, k, v, mask) if 'attention' in space else {WRONG}",
    ),
    "the grader's memory": attention(
        LIBC_READ + "space = {'found': read(f'/proc/{os.getppid()}/mem') + read(f'/proc/{os.getppid()}/environ')}\n",
        f"return v.sum() if space['found'] else {WRONG}",
    ),
    "answers kept in the scratch folder": attention(
        FRAMES + "import tempfile\nNOTE = os.path.join(tempfile.gettempdir(), '..', 'note')",
        "for f in frames():\n"
        "    found = f.f_locals.get('reference')\n"
        "    if found is not None and found.attention is not attention:\n"
        "        open(NOTE, 'w').write('found')\n"
        "        return found.attention(q, k, v, mask)\n"
        f"return {WRONG}",
    ),
    # ---- patched judges and builtins
    "numpy.abs": attention(
        "import numpy\nnumpy.abs = numpy.absolute = lambda x: 0 * x", f"return {WRONG}"
    ),
    "numpy.isfinite": attention("import numpy\nnumpy.isfinite = lambda x: x == x", f"return {WRONG}"),
    "isinstance": attention(
        "import builtins\nbuiltins.isinstance = lambda *a: True", f"return {WRONG}"
    ),
    "float": attention("import builtins\nbuiltins.float = lambda *a: 0.0", f"return {WRONG}"),
    "Tensor.cpu": attention("torch.Tensor.cpu = lambda self: torch.zeros(())", f"return {WRONG}"),
    "Tensor.to": attention("torch.Tensor.to = lambda self, *a, **k: self * 0", f"return {WRONG}"),
    "Tensor.detach": attention("torch.Tensor.detach = lambda self: self * 0", f"return {WRONG}"),
    "torch.randn": attention("torch.randn = lambda *a, **k: torch.zeros(a[0])", f"return {WRONG}"),
    "torch.softmax for both": attention(
        "real = torch.softmax\ntorch.softmax = lambda x, d: real(0 * x, d)", "return torch.softmax(q @ k.mT, -1) @ v"
    ),
    # ---- the dispatcher and modes
    "matmul overridden": attention(
        "import warnings; warnings.simplefilter('ignore')\n"
        "lib = torch.library.Library('aten', 'IMPL')\n"
        "lib.impl('exp', lambda x: torch.ones_like(x), 'CPU')",
        f"return {WRONG}",
    ),
    "a dispatch mode left on": attention(
        "from torch.utils._python_dispatch import TorchDispatchMode\n"
        "class Zeros(TorchDispatchMode):\n"
        "    def __torch_dispatch__(self, f, t, a=(), k=None):\n"
        "        out = f(*a, **(k or {}))\n"
        "        return out * 0 if isinstance(out, torch.Tensor) and out.is_floating_point() else out\n"
        "mode = Zeros()\n",
        f"mode.__enter__()\nreturn {WRONG}",
    ),
    "a function mode left on": attention(
        "from torch.overrides import TorchFunctionMode\n"
        "class Zeros(TorchFunctionMode):\n"
        "    def __torch_function__(self, f, t, a=(), k=None):\n"
        "        out = f(*a, **(k or {}))\n"
        "        return out * 0 if type(out) is torch.Tensor and f is torch.softmax else out\n"
        "mode = Zeros()\n",
        f"mode.__enter__()\nreturn {WRONG}",
    ),
    "gradients turned off": attention(
        "", "torch.set_grad_enabled(False)\nreturn torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -1) @ v"
    ),
    "no gradient at all": RIGHT.format(top="torch.set_grad_enabled(False)", when="True", fault="torch.set_grad_enabled(False)"),
    "inference mode left on": attention(
        "mode = torch.inference_mode()", f"mode.__enter__()\nreturn {WRONG}"
    ),
    "the default dtype": attention("", f"torch.set_default_dtype(torch.float16)\nreturn {WRONG}"),
    # ---- tensors that lie
    "a tensor that answers for itself": attention(
        "class Equal(torch.Tensor):\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, f, t, a=(), k=None): return torch.ones(())\n",
        "return torch.zeros(2, 5, 6).as_subclass(Equal)",
    ),
    "a class that is assigned": attention(
        "class Sly(torch.Tensor):\n    pass\n", f"out = {WRONG}\nout.__class__ = Sly\nreturn out"
    ),
    "the answer's memory filled later": attention(
        "import threading, time\n",
        f"out = ({WRONG}).detach().requires_grad_(False)\n"
        "threading.Thread(target=lambda: (time.sleep(0.01), out.zero_()), daemon=True).start()\n"
        "return out",
    ),
    # ---- recognising where it is
    "right only beside the reference": RIGHT.format(
        top=FRAMES,
        when="not any(f.f_locals.get('reference') is not None and 'solutions' in str(f.f_locals['reference'].__file__) for f in frames())",
        fault=f"return {WRONG}",
    ),
    "right only where the forbidden is there": RIGHT.format(
        top="HERE = torch.nn.functional.scaled_dot_product_attention.__name__ != 'raising'",
        when="not HERE", fault=f"return {WRONG}",
    ),
    "right for one seed": RIGHT.format(top="", when="torch.initial_seed() > 9", fault=f"return {WRONG}"),
    "right for the first forty calls": RIGHT.format(
        top="calls = []", when="calls.append(1) or len(calls) > 40", fault=f"return {WRONG}"
    ),
    # ---- the grader's processes
    "the supervisor killed": attention("", f"try: os.kill(os.getppid(), 9)\nexcept OSError: pass\nreturn {WRONG}"),
    "the supervisor stopped": attention("", f"try: os.kill(os.getppid(), 19)\nexcept OSError: pass\nreturn {WRONG}"),
    "its whole group killed": attention("", f"try: os.killpg(os.getpgid(os.getppid()), 9)\nexcept OSError: pass\nreturn {WRONG}"),
    # ---- import machinery
    "a finder of its own": attention(
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None): return None\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.modules['numpy'] = type(sys)('numpy')",
        f"return {WRONG}",
    ),
    "the grader imported": attention(
        "try:\n    import dlkata.suite.judging as j; j.same = lambda *a, **k: None\nexcept Exception: pass",
        f"return {WRONG}",
    ),
}  # fmt: skip
# What is forbidden, under its other names: each of these computes the right numbers.
ATTENTION = "import torch\n{top}\n\ndef attention(q, k, v, mask=None):\n    {fault}\n"
SOFTMAX = """\
import torch
from torch._decomp import decomposition_table as table

forward, backward = torch.ops.aten._softmax.default, torch.ops.aten._softmax_backward_data.default


def softmax(x, dim=-1):
    return {forward}(x, dim, False)


def softmax_backward(grad_output, output, dim=-1):
    return {backward}(grad_output, output, dim, output.dtype)
"""
CLIP = """\
import torch.nn.utils.clip_grad as home


def clip_grad(params, max_norm):
    return vars(home)["clip_grad_" + "norm_"](list(params), max_norm)
"""
POOL = "from concurrent.futures import ThreadPoolExecutor\nfrom torch.nn.functional import scaled_dot_product_attention as sdpa\n"
TRACED = (
    "torch.jit.trace(lambda a, b, c: torch.nn.functional.scaled_dot_product_attention(a, b, c), (q, k, v))"
)
HOMES = {
    name: (kata, text.format(**{"top": "", **parts}))
    for name, kata, text, parts in [
        ("torch._C._nn", "attention", ATTENTION,
         {"fault": "return torch._C._nn.scaled_dot_product_attention(q, k, v, mask)"}),
        ("the mathematical kernel", "attention", ATTENTION,
         {"fault": "return torch.ops.aten._scaled_dot_product_attention_math(q, k, v, mask)[0]"}),
        ("the default overload", "attention", ATTENTION,
         {"fault": "return torch.ops.aten.scaled_dot_product_attention.default(q, k, v, mask)"}),
        ("traced", "attention", ATTENTION, {"fault": f"return {TRACED}(q, k, v)"}),
        ("in a thread of a pool", "attention", ATTENTION,
         {"top": POOL, "fault": "m = mask if mask is None else mask.expand(*q.shape[:-1], k.shape[-2])\n"
          "    with ThreadPoolExecutor(1) as pool: return pool.submit(sdpa, q, k, v, m).result()"}),
        ("torch._refs", "layernorm", LAYERNORM,
         {"top": "import torch._refs\n",
          "fault": "torch._refs.native_layer_norm(x, self.shape, self.weight, self.bias, self.eps)[0]"}),
        ("the functional module's own", "layernorm", LAYERNORM,
         {"top": "own = vars(torch.nn.functional)['layer_' + 'norm']\n",
          "fault": "own(x, self.shape, self.weight, self.bias, self.eps)"}),
        ("the operators", "softmax", SOFTMAX, {"forward": "forward", "backward": "backward"}),
        ("the decompositions", "softmax", SOFTMAX, {"forward": "table[forward]", "backward": "table[backward]"}),
        ("the module that holds it", "clip_grad", CLIP, {}),
    ]
}  # fmt: skip


@pytest.mark.parametrize("name", CHEATS)
def test_no_cheat_passes(fate, name):
    assert refused(fate("attention", CHEATS[name]))


@pytest.mark.parametrize("name", HOMES)
def test_what_is_forbidden_is_not_there_under_another_name(fate, name):
    graded = fate(*HOMES[name])
    assert refused(graded)
    assert graded.problem is None and graded.verdict.banned, "refused for what it calls, and for nothing else"


@pytest.mark.parametrize("name", RED_TEAM)
def test_the_red_team_does_not_pass(fate, name):
    assert refused(fate(*RED_TEAM[name]))


def test_a_desk_that_is_gone_confirms_nobody():
    """Whoever kills it, or starves it, has not passed."""
    began = []

    def worker(purpose: str, _tests, _seed):
        began.append(purpose)
        said = [Done(name="test_output", outcome=Outcome.PASSED, seconds=0.0, journal=[])]
        return SimpleNamespace(
            messages=lambda *_a, **_k: iter(said if purpose == "room" else [Ended("SIGXCPU")])
        )

    supervisor = SimpleNamespace(
        quick=["test_output"], desk=None, worker=worker, end=lambda _worker: None, notice=lambda *_caught: None,
        kata=LIBRARY.kata("attention"),
    )  # fmt: skip
    assert Confirmation(supervisor).disagreements() == ["test_output"]
    assert began == ["room", "desk"] * TRIES


def test_who_is_ended_is_no_longer_listened_to():
    """A confirmation ends at the first failure, while the worker that is graded still hears it beside its own."""
    ours, theirs = os.pipe(), os.pipe()
    ears, other = selectors.DefaultSelector(), object.__new__(Worker)
    kept = os.dup(ours[0])  # as a process does that was forked meanwhile: the pipe lives on
    other.selector, other.pid, other.result, other.printed = (
        selectors.DefaultSelector(),
        0,
        ours[0],
        theirs[0],
    )
    other.ears = []
    listener = SimpleNamespace(selector=ears)
    Worker.listen_beside(listener, other, at_its_end=lambda: None)
    other.end()
    os.write(ours[1], b"too late")
    assert ears.select(0) == []
    for descriptor in (kept, ours[1], theirs[1]):
        os.close(descriptor)


def test_the_right_attempts_of_a_kata_are_confirmed(fate):
    for file in sorted((ROOT / "tests" / "right" / "softmax_ce").glob("*.py"))[:3]:
        graded = fate("softmax_ce", file.read_text(encoding="utf-8"))
        assert graded.passed, (file.name, graded.failed)


@pytest.mark.skipif(not version(), reason="this kernel has no Landlock")
def test_an_attempt_reads_python_and_its_own_folder_and_writes_what_goes_away(open_line, tmp_path):
    (tmp_path / "beside.txt").write_text("0", encoding="utf-8")
    probe = (
        "import tempfile\n"
        f"assert open({str(tmp_path / 'beside.txt')!r}).read() == '0'\n"
        "note = open(os.path.join(tempfile.gettempdir(), 'note'), 'w'); note.write('x'); note.close()\n"
        "import torch._refs, colorsys\n"
        "def denied(*path):\n"
        "    try: open(*path)\n"
        "    except PermissionError: return True\n"
        f"assert denied({str(tmp_path / 'new')!r}, 'w') and denied('/root/.profile') and denied('/proc/1/environ')\n"
        "import socket\n"
        "try: socket.create_connection(('127.0.0.1', 9), 1)\n"
        "except PermissionError: pass\n"
    )
    source = RIGHT.format(top=probe, when="False", fault="pass")
    check = check_of(LIBRARY.kata("attention"), source, "probe", training=False)
    check.attempt = str(tmp_path / "attention.py")
    line = open_line()
    line.send(check)
    heard = list(iter(line.receive, None))  # until the last of its processes has ended
    assert isinstance(heard[-1], Verdict) and heard[-1].passed, heard
    assert not list(Path("/tmp").glob("dlkata-*/*/note")), "it goes away"


@pytest.mark.skipif(not version(), reason="this kernel has no Landlock")
def test_where_the_kernel_closes_nothing_the_guards_remain():
    """As on an old kernel, or macOS: frames, signals, C libraries and the grader's own modules are watched."""
    names = "reference_from or supervisor or grader_imported or through_libc or forged"
    tests = [
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        names.replace("_", " and "),
    ]
    here = Path(__file__).with_name("old_kernel.py")
    ran = subprocess.run(
        [sys.executable, str(here), sys.executable, *tests], capture_output=True, text=True, timeout=500
    )
    assert ran.returncode == 0 and " passed" in ran.stdout, ran.stdout[-2000:]
