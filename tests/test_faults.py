"""Whatever an attempt does, it is never a pass, the sentence says what happened, and the other tests are graded."""

import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys

import pytest
from attempts import NAMES_ITSELF, attempt, graded, messages, named, open_gate, outcomes, pack_of

from dlkata.author.proof import check_of, grade
from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.grading.sandbox import shut_in
from dlkata.progress.settings import load_settings

SHORT = 5  # seconds until a loop is ended in the katas of `hasty`
SLOW = "test_half_precision"  # a test in bfloat16: only such tests reach most faults here

FAULTS = {
    "a loop in Python": ("while True: pass", "timeout", "No answer within"),
    "a loop inside torch": ("x = torch.eye(3000)\nwhile True: x = x @ x", "timeout", "No answer within"),
    "endless recursion": ("return attention(q, k, v, mask)", "raised", "calls itself without end"),
    "os._exit(0)": ("os._exit(0)", "crashed", "ended the process by itself (exit 0)"),
    "sys.exit(0)": ("sys.exit(0)", "raised", "ends the program (sys.exit)"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "raised", "KeyboardInterrupt"),
    "kill -9": ("os.kill(os.getpid(), 9)", "crashed", "SIGKILL"),
    "a segfault": ("import faulthandler; faulthandler._sigsegv()", "crashed", "SIGSEGV"),
    "an abort": ("os.abort()", "crashed", "SIGABRT"),
    "50 GB": (
        "torch.empty(50 * 2**30, dtype=torch.uint8).fill_(1)",
        "raised",
        "more memory than a kata may use",
    ),
    "50 GB in Python": ("x = bytearray(50 * 2**30)", "raised", "more memory than a kata may use"),
    "a slow leak": (
        "kept = []\nwhile True: kept.append(bytearray(1 << 26))",
        "raised",
        "more memory than a kata may use",
    ),
    "raise SystemExit": ("raise SystemExit(0)", "raised", "ends the program (sys.exit)"),
    "a fatal error in a thread of C": (
        "import faulthandler; faulthandler._fatal_error_c_thread()\nwhile True: pass",
        "crashed",
        "SIGABRT",
    ),
    "its own exception": (
        "raise ValueError('no such head')",
        "raised",
        "Your code raises ValueError: no such head",
    ),
}


@pytest.fixture
def hasty(warm, home, tmp_path):
    """`check --json` of a file as a kata of the same name that loses its patience soon."""
    pack = pack_of(tmp_path / "hasty", "attention", "layernorm")
    for page in (pack / "katas").glob("*.md"):
        text = re.sub(r"^deadline = .*\n", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        page.write_text(text.replace("\ntopic =", f"\ndeadline = {SHORT}\ntopic =", 1), encoding="utf-8")
    load_settings(home / "data").trust(str(pack))
    return lambda file: warm("check", str(file), "--as", f"hasty/{file.stem}", "--json")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_its_test_and_no_other(warm, hasty, tmp_path, name):
    fault, outcome, sentence = FAULTS[name]
    file = attempt(tmp_path, fault)
    ran = hasty(file) if outcome == "timeout" else warm("check", str(file), "--json")
    answer = graded(ran)
    assert ran.code == 1
    assert not answer["passed"]
    found = outcomes(answer)
    assert found[SLOW] == outcome
    assert set(found.values()) == {outcome, "passed"}, "what does not reach the fault is still graded"
    assert sentence in messages(answer)


LOOPS = """\
import torch
from torch import nn


class Loops(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, armed):
        ctx.armed = armed
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        while ctx.armed:
            pass
        return g, None


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        while shape == (5,):  # test_tuple_shape
            pass
        self.dims = tuple(range(-len(shape), 0))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))
        self.bias = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        x = Loops.apply(x, x.dtype == torch.float32 and x.shape == (4, 3, 7))  # test_float32
        mean = x.mean(self.dims, keepdim=True)
        var = (x - mean).square().mean(self.dims, keepdim=True)
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias

    def __del__(self):
        while self.eps == 0.3:  # test_eps
            pass
"""


def test_loops_in_init_in_backward_and_in_del_end_at_their_deadline(hasty, tmp_path):
    file = tmp_path / "layernorm.py"
    file.write_text(LOOPS, encoding="utf-8")
    answer = graded(hasty(file))
    assert not answer["passed"]
    found = outcomes(answer)
    hung = {name for name, outcome in found.items() if outcome == "timeout"}
    assert len(hung) == 2, "who has hung twice is not run any more"
    assert "passed" in found.values(), "what came before them was graded"
    assert any("line " in test["message"] for test in answer["tests"] if test["outcome"] == "timeout")


def test_a_loop_at_import_ends_at_its_deadline(hasty, tmp_path):
    ran = hasty(attempt(tmp_path, top="while True: pass"))
    answer = graded(ran)
    assert ran.code == 1 and not answer["passed"]
    assert "it hangs, or loops for ever" in messages(answer)


def test_a_fork_bomb_is_refused_at_its_first_fork(warm, tmp_path):
    answer = graded(warm("check", str(attempt(tmp_path, "while True: os.fork()")), "--json"))
    assert not answer["passed"]
    assert any("another program was started (`os.fork`)" in sentence for sentence in answer["tampered"])
    assert outcomes(answer)["test_output"] == "passed"


def test_a_thread_left_running_is_named_and_stops_nothing(warm, tmp_path):
    fault = "import threading\nthreading.Thread(target=threading.Event().wait, name='helper').start()"
    ran = warm("check", str(attempt(tmp_path, fault)), "--json")
    answer = graded(ran)
    assert not answer["passed"]
    assert "a thread was left running (`helper`)" in messages(answer)
    assert outcomes(answer)["test_output"] == "passed"


def test_a_thread_that_is_waited_for_is_fine(warm, tmp_path):
    fault = "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool: pool.submit(abs, 1).result()"
    assert graded(warm("check", str(attempt(tmp_path, fault)), "--json"))["passed"]


def test_a_gigabyte_of_output_is_read_and_forgotten(warm, tmp_path):
    fault = (
        "if not written:\n"
        "    written.append(1)\n"
        "    for _ in range(512): os.write(1, b'x' * (1 << 20)); os.write(2, b'y' * (1 << 20))"
    )
    answer = graded(warm("check", str(attempt(tmp_path, fault, top="written = []")), "--json"))
    assert answer["passed"], "to print is not forbidden"
    assert len(str(answer)) < 50_000


def test_megabytes_of_output_are_capped_and_shown_under_their_test(warm, tmp_path):
    ran = warm("check", str(attempt(tmp_path, "print('spam ' * 10_000_000)")), "--json")
    answer = graded(ran)
    loud = {test["name"]: test["output"] for test in answer["tests"] if "output" in test}
    assert SLOW in loud and len(loud) < len(answer["tests"])
    assert all(text.startswith("spam spam") and len(text) < 10_000 for text in loud.values())
    assert answer["passed"], "to print is not forbidden"
    shown = warm("check", str(tmp_path / "attention.py"))
    assert "│ spam" in shown.out
    assert len(shown.out) < 10_000 * len(loud)


LOADING = {
    "syntax error": ("def attention(q, k, v, mask=None)\n    return q\n", "Python cannot read this line", 1),
    "import error": ("import torch\nfrom torch import soft_max\n", "the import fails", 2),
    "missing name": ("import torch\n\ndef attend(q, k, v):\n    return q\n", "`attention` is not defined", 0),
    "wrong arity": (
        "import torch\n\ndef attention(q, k):\n    return q\n",
        "the parameters are not those",
        3,
    ),
    "raises": ("x = 1 / 0\n", "the file cannot be loaded", 1),
    "exits": ("import sys\nsys.exit(0)\n", "ends the program while it is loaded", 2),
    "kills itself": ("import os\nos._exit(0)\n", "the file cannot be loaded", 0),
}


@pytest.mark.parametrize("name", LOADING)
def test_a_file_that_cannot_be_loaded_gets_one_sentence_and_the_line(warm, tmp_path, name):
    source, sentence, line = LOADING[name]
    file = tmp_path / "attention.py"
    file.write_text(source, encoding="utf-8")
    ran = warm("check", str(file))
    assert ran.code == 1
    assert sentence in ran.out
    assert "Traceback" not in ran.text and "dlkata/" not in ran.text
    if line:
        assert f"attention.py:{line}" in ran.out
        assert source.split("\n")[line - 1].strip() in ran.out
    assert graded(warm("check", str(file), "--json"))["passed"] is False


def test_a_syntax_error_has_a_caret(warm, tmp_path):
    file = tmp_path / "attention.py"
    file.write_text("def attention(q, k, v, mask=None):\n    return q +\n", encoding="utf-8")
    out = warm("check", str(file)).out.split("\n")
    (code,) = [number for number, row in enumerate(out) if "return q +" in row]
    assert out[code + 1].strip().strip("│").strip() == "^"


def test_an_untouched_stub_is_not_started_yet(warm):
    warm("kata", "attention")
    ran = warm("check", "attention")
    assert ran.code == 1
    assert "is not started yet" in ran.out
    assert "✗" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("check", "atention"), "Did you mean attention?"),
        (("kata", "layer-nrom"), "Did you mean layernorm?"),
        (("list", "attentoin"), "Did you mean attention?"),
        (("check", "--device", "tpu", "attention"), "'auto', 'cpu', 'cuda', 'mps'"),
        (("--lang", "de"), "'en', 'zh'"),
        (("chekc",), "Did you mean check?"),
        (("config", "langauge"), "Settings: language"),
        (("config", "language", "de"), "Allowed: en, zh"),
    ],
)
def test_what_does_not_exist_is_a_usage_error_that_says_what_does(dlkata, arguments, sentence):
    ran = dlkata(*arguments)
    assert ran.code == 2
    assert sentence in ran.err


def test_a_device_that_is_not_here_is_a_usage_error(warm, tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    ran = warm("check", "--device", "cuda", str(attempt(tmp_path)))
    assert ran.code == 2
    assert "There is no cuda here. There is: cpu." in ran.err


def test_files_that_are_no_attempts_get_one_clear_sentence(warm, tmp_path):
    latin = tmp_path / "attention.py"
    latin.write_bytes("# naïve\n".encode("latin-1"))
    folder = tmp_path / "folder.py"
    folder.mkdir()
    for target, sentence in [
        (latin, "attention.py:1: not UTF-8"),
        (folder, "is a folder"),
        (tmp_path / "no.py", "does not exist"),
    ]:
        ran = warm("check", str(target))
        assert ran.code in (1, 2)
        assert sentence in ran.err and "Traceback" not in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_gets_one_clear_sentence(warm, tmp_path):
    file = attempt(tmp_path)
    file.chmod(0)
    ran = warm("check", str(file))
    assert ran.code in (1, 2) and "cannot be read" in ran.err


def test_no_process_is_started_past_python(warm, tmp_path):
    file = attempt(tmp_path, "import ctypes\nif ctypes.CDLL(None).fork() == 0: os._exit(0)")
    ran = warm("check", str(file))
    assert ran.code == 1 and "a C library was called (`ctypes`)" in ran.out


def test_what_was_started_all_the_same_is_ended():
    """A daemon with a session of its own is found by the supervisor, whose child it has become."""
    script = (
        "import os, sys, time\n"
        "from dlkata.grading.work.confinement import become_subreaper, end_children\n"
        "become_subreaper()\n"
        "born, bear = os.pipe()\n"
        "if (child := os.fork()) == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.write(bear, b'x')\n"
        "        while True: time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0), os.read(born, 1)\n"
        "print(end_children(), end_children())\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "1 0\n", ran.stderr


def test_an_attempt_that_ends_where_it_is_confirmed_is_not_confirmed(tmp_path):
    top = "if torch.nn.functional.scaled_dot_product_attention.__name__ == 'raising': os._exit(0)"
    source = attempt(tmp_path, top=top).read_text(encoding="utf-8")
    with client.warm() as open_line:
        graded = grade(open_line(), check_of(Library().kata("attention"), source, "once", training=False))
    assert not graded.passed
    assert {result.finding.kind for result in graded.results if result.finding} == {"unconfirmed"}


def test_where_forking_is_unsafe_workers_are_spawned(dlkata, tmp_path):
    """As on macOS: slower, and otherwise the same."""
    ran = dlkata("check", str(attempt(tmp_path)), DLKATA_SPAWN="1")
    assert ran.code == 0 and "Passed" in ran.out
    answer = graded(dlkata("check", str(attempt(tmp_path, "os._exit(0)")), "--json", DLKATA_SPAWN="1"))
    assert not answer["passed"]
    assert outcomes(answer)[SLOW] == "crashed"


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_sandboxed_attempt_sees_neither_home_nor_record_nor_network(dlkata, tmp_path, home):
    (home / "data").mkdir()
    (home / "data" / "secret").write_text("mine", encoding="utf-8")
    probe = (
        f"assert not os.path.exists({str(home / 'data' / 'secret')!r}), 'sees the record'\n"
        "assert not any(map(os.path.exists, ('/etc/shadow', '/etc/hostname', '/var', '/run'))), 'sees the system'\n"
        f"assert not os.path.exists('/proc/{os.getpid()}/comm'), 'sees who started it'\n"
        "assert 'SECRET' not in os.environ, 'sees the environment'\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "assert not int(status['CapEff'], 16), 'may do what root may'\n"
        "import socket\n"
        "try:\n"
        "    socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "    raise AssertionError('reaches the network')\n"
        "except OSError:\n"
        "    pass\n"
        f"try:\n    open({str(tmp_path / 'written')!r}, 'w')\nexcept OSError:\n    pass"
    )
    ran = dlkata("check", str(attempt(tmp_path, probe)), "--json", "--sandbox", SECRET="x")
    assert graded(ran)["passed"], ran.text
    assert not (tmp_path / "written").exists()


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_what_is_hidden_within_what_is_needed_stays_hidden_and_the_other_way_round(tmp_path):
    checkout = tmp_path / "checkout"
    (checkout / "work" / "venv").mkdir(parents=True)
    for place in ("code", "work/mine", "work/venv/python"):
        (checkout / place).write_text(place, encoding="utf-8")
    look = shut_in(["/bin/sh", "-c", f"cd {checkout}; find . -type f | sort"], [checkout / "work"],
                   [checkout, checkout / "work" / "venv"])  # fmt: skip
    ran = subprocess.run(look, capture_output=True, text=True)
    assert ran.stdout.split() == ["./code", "./work/venv/python"], ran.stderr


def test_ctrl_c_ends_the_workers_and_exits_130(tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    file = attempt(tmp_path, f"{NAMES_ITSELF}\nopen({str(gate)!r}).read()\nwhile True: pass", when="True")
    process = subprocess.Popen([sys.executable, "-m", "dlkata", "check", str(file)], stdout=-1, stderr=-1)
    with open_gate(gate):  # which waits until a worker reads
        worker = os.pidfd_open(named())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    ended, _writable, _wrong = select.select([worker], [], [], 30)
    assert ended, "the worker lives on"


def test_ctrl_c_while_a_text_is_executed_exits_130_too(tmp_path):
    (tmp_path / "interrupted.py").write_text(
        "import dlkata.__main__ as program\n"
        "def run():\n"
        "    try: exec('import signal\\nsignal.raise_signal(signal.SIGINT)\\npass')\n"
        "    except KeyboardInterrupt: return 130\n"
        "program.run = run\n"
        "program.main()\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ran = subprocess.run(
        [sys.executable, "-m", "interrupted"], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 130, ran.stderr


class TestTheRecord:
    """Whatever is wrong with it, one clear sentence, and the check itself still runs."""

    def check(self, warm, tmp_path):
        ran = warm("check", str(attempt(tmp_path)))
        assert ran.code == 0, ran.text
        assert "Passed" in ran.out and "Traceback" not in ran.text
        return ran

    def test_no_database(self, warm, tmp_path, home):
        file = home / "data" / "record.db"
        file.parent.mkdir()
        file.write_text("this is no database, but it is the learner's", encoding="utf-8")
        ran = self.check(warm, tmp_path)
        assert "was not a database any more" in ran.err
        kept = home / "data" / "record.db.set-aside-1"
        assert kept.read_text(encoding="utf-8") == "this is no database, but it is the learner's"

    def test_from_a_newer_version(self, warm, tmp_path, home):
        import sqlite3

        file = home / "data" / "record.db"
        file.parent.mkdir()
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA user_version = 999")
        connection.close()
        assert "written by a newer dlkata" in self.check(warm, tmp_path).err

    def test_a_folder_in_its_place(self, warm, tmp_path, home):
        (home / "data" / "record.db").mkdir(parents=True)
        assert "is not a file" in self.check(warm, tmp_path).err

    def test_locked(self, warm, tmp_path, home):
        import sqlite3

        warm("kata", "attention")
        connection = sqlite3.connect(home / "data" / "record.db", isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        try:
            assert "another program holds it" in self.check(warm, tmp_path).err
        finally:
            connection.close()

    def test_a_file_where_the_home_should_be(self, warm, tmp_path, home, monkeypatch):
        (home / "file").write_text("", encoding="utf-8")
        monkeypatch.setenv("DLKATA_HOME", str(home / "file" / "data"))
        assert "Your record cannot be used" in self.check(warm, tmp_path).err

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_home(self, warm, tmp_path, home):
        home.chmod(stat.S_IRUSR | stat.S_IXUSR)
        try:
            assert "Your record cannot be used" in self.check(warm, tmp_path).err
        finally:
            home.chmod(stat.S_IRWXU)

    def test_no_home_at_all(self, warm, tmp_path, monkeypatch):
        for name in ("HOME", "DLKATA_HOME", "DLKATA_WORKSPACE"):
            monkeypatch.delenv(name)
        ran = warm("check", str(attempt(tmp_path)))
        assert ran.code in (0, 2) and "Traceback" not in ran.text


def test_two_suites_of_one_name_are_two_suites(tmp_path):
    from dlkata.grading.collection import collect

    text = 'def test_it(candidate):\n    """{0}\n    {0}"""\n'
    files = [tmp_path / folder / "test_same.py" for folder in ("one", "two")]
    for file in files:
        file.parent.mkdir()
        file.write_text(text.format(file.parent.name), encoding="utf-8")
    assert [collect(file).tests["test_it"].sentence.en for file in files] == ["one", "two"]
    files[0].write_text(text.format("edited"), encoding="utf-8")
    assert collect(files[0]).tests["test_it"].sentence.en == "edited"
