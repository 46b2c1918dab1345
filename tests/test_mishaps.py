"""What users can cause by mistake: one clear sentence each, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attempts import attempt, pack_of

from dlkata.progress.settings import load_settings
from dlkata.progress.workspace import Workspace


def run(*words: str | bytes, cwd: Path | None = None, **more) -> subprocess.CompletedProcess:
    ran = subprocess.run(
        [sys.executable, "-m", "dlkata", *words], cwd=cwd, capture_output=True, timeout=120, **more
    )
    assert b"Traceback" not in ran.stderr + (ran.stdout or b""), ran.stderr.decode("utf-8", "replace")
    return ran


def furnish(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    (folder / os.fsdecode(b"\xff.py")).write_text("x = 1", encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "./" + "a" * 5000 + ".py"], "File name too long"),
        (["check", "a" * 5000], "There is no kata"),
        (["check", "pipe.py", "--as", "softmax"], "is a device or a pipe"),
        (["check", "/dev/zero", "--as", "softmax"], "is a device or a pipe"),
        (["check", "folder.py"], "is a folder"),
        (["check", "~nobody-here/x.py"], "does not exist"),
        (["check", b"\xff.py", "--as", "softmax"], "is not UTF-8"),
        (["author", "new", "class"], "no word of Python's own"),
        (["author", "new", "swish"], "Here is no folder `katas`"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(map(str, value))[:40],
)  # fmt: skip
def test_a_path_or_name_that_cannot_be_meant(home, tmp_path, words, sentence):
    furnish(tmp_path)
    ran = run(*words, cwd=tmp_path)
    assert ran.returncode == 2 and sentence in ran.stderr.decode()


def test_what_was_typed_reaches_no_terminal_raw(home):
    import pexpect

    terminal = pexpect.spawn(sys.executable, ["-m", "dlkata", "check", "\x1b[31mred.py"], encoding="utf-8")
    terminal.expect(pexpect.EOF)
    assert "\\x1b[31mred.py" in terminal.before


def test_a_home_of_nobody(home, monkeypatch):
    monkeypatch.setenv("DLKATA_HOME", "~nobody-here/data")
    ran = run("list")
    assert ran.returncode == 2 and b"there is no such user" in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_behind_stdout(home):
    with open("/dev/full", "w", encoding="utf-8") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "dlkata", "list"], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert ran.returncode == 3 and ran.stderr.decode().splitlines()[-1] == "dlkata: No space left on device"
    assert b"Traceback" not in ran.stderr


def test_a_full_disk_leaves_no_half_attempt(tmp_path):
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from dlkata.errors import DlkataError\n"
        "from dlkata.progress.workspace import Workspace\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: Workspace(Path(sys.argv[1])).create('softmax', 'x' * 1000)\n"
        "except DlkataError as error: print(error.message)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert "cannot be written" in ran.stdout, ran.stderr
    assert list(tmp_path.iterdir()) == []
    assert Workspace(tmp_path).create("softmax", "x")


@pytest.mark.parametrize(
    "variables",
    [{}, {"COMP_WORDS": "dlkata 'x", "COMP_CWORD": "zz"}, {"COMP_WORDS": "dlkata", "COMP_CWORD": "99"}],
    ids=["none", "no number", "beyond"],
)
@pytest.mark.parametrize("shell", ["bash_complete", "zsh_complete", "fish_complete", "xx_yy"])
def test_a_shell_that_asks_nonsense_is_told_nothing(home, shell, variables):
    run(env={**os.environ, "_DLKATA_COMPLETE": shell, **variables})


def test_a_folder_that_is_gone(home, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    start = (
        "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv[1]); os.execv(sys.executable, sys.argv[2:])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", start, str(gone), sys.executable, "-m", "dlkata", "list"],
        capture_output=True,
        timeout=60,
    )
    assert ran.returncode == 0 and b"Traceback" not in ran.stderr


def test_a_grader_that_dies_while_it_starts_is_no_pass(home, tmp_path):
    """A broken numpy: its own words, then ours."""
    broken = tmp_path / "broken" / "numpy"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('broken on purpose')", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(broken.parent), *sys.path])}
    ran = subprocess.run(
        [sys.executable, "-m", "dlkata", "check", str(attempt(tmp_path))],
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert (
        ran.returncode == 3
        and b"broken on purpose" in ran.stderr
        and b"The grader itself failed" in ran.stderr
    )
    assert b"dlkata itself failed" not in ran.stderr


def test_bytes_that_are_no_text_typed_into_a_quiz(home):
    ran = run("quiz", input=b"\xff\xfe\nx\n\n")
    assert ran.returncode == 0 and b"1 answered" in ran.stdout


def test_a_cache_folder_that_cannot_be_made(home, tmp_path):
    """torch makes it at its first optimizer step, which comes when an attempt may write to its scratch folder alone."""
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "not" / "there")}
    ran = run("check", str(attempt(tmp_path)), env=environment)
    assert ran.returncode == 0, ran.stdout.decode()


def test_a_pack_with_a_broken_stub_stops_nobody(warm, home, tmp_path):
    """Its author is told; whoever checks a file of another name is asked which kata it is, as always."""
    pack = pack_of(tmp_path / "broken", "cosine_lr")
    stub = pack / "katas" / "cosine_lr.py"
    stub.write_text(stub.read_text(encoding="utf-8") + "def broken(:\n", encoding="utf-8")
    load_settings(home / "data").trust(str(pack))
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n", encoding="utf-8")
    asked = warm("check", str(file))
    assert asked.code == 2 and "which kata is it" in asked.err
    assert warm("kata", "broken/cosine_lr", "--json").code == 0
    told = warm("author", "check", "broken/cosine_lr").out
    assert f"{stub}:" in told and "Python cannot read this line" in told and "unknown" not in told
