"""Many checks of random katas with random faults in one `watch`: `python -m tests.bench.soak [CHECKS]`.

Every second check is a save of the watched file; the others go to the warm process of that watch, as
`dlkata check` does. Afterwards memory, open files and processes must be what they were near the beginning.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from dlkata.author.proof import check_of, grade
from dlkata.content.kata import Kata
from dlkata.content.library import Library

WARMED_UP = 50  # checks after which the figures are taken for the first time
FAULTS = {
    "right": "pass",
    "wrong": "return 0",
    "raises": "raise ValueError('no')",
    "exits": "__import__('os')._exit(0)",
    "is killed": "__import__('os').kill(__import__('os').getpid(), 9)",
    "crashes": "__import__('faulthandler')._sigsegv()",
    "takes memory": "bytearray(50 * 2**30)",
    "leaks": "kept = [bytearray(1 << 24) for _ in range(10)]",
    "writes a lot": "print('spam ' * 1_000_000)",
    "leaves a thread": "__import__('threading').Thread(target=__import__('threading').Event().wait).start()",
    "forks": "__import__('os').fork()",
    "calls C": "__import__('ctypes').CDLL(None).fork()",
    "opens files": "kept = [open('/dev/null') for _ in range(200)]",
    "cuts the line": "__import__('os').closerange(3, 64)",
    "tampers": "torch.Tensor.cpu = None",
    "does not parse": "return (",
}  # fmt: skip
COSTLY = {
    "leaks",
    "writes a lot",
    "leaves a thread",
    "opens files",
}  # once in a worker is enough


def source(kata: Kata, fault: str, rng: random.Random) -> str:
    """The reference, one of whose functions begins with the fault."""
    lines = kata.reference.split("\n")
    starts = [n for n, line in enumerate(lines) if line.lstrip().startswith("def ")]
    start = rng.choice(starts)
    end = next(n for n in range(start, len(lines)) if lines[n].rstrip().endswith(":"))
    indent = " " * (len(lines[start]) - len(lines[start].lstrip()) + 4)
    code = f"if not ONCE: ONCE.append(1); {FAULTS[fault]}" if fault in COSTLY else FAULTS[fault]
    return "\n".join([*lines[: end + 1], indent + code, *lines[end + 1 :], "ONCE = []"])


def figures(watch: int, runtime: Path) -> dict[str, int]:
    """What may not grow. The warm process is the watch's only child."""
    (host,) = _children(watch)
    return {
        "memory of both, MiB": sum(_resident(pid) for pid in (watch, host)) >> 20,
        "open files of both": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in (watch, host)),
        "processes below": len(_family(host)),
        "zombies": sum(_state(pid) == "Z" for pid in _family(watch)),
        "files in the runtime folder": sum(1 for _ in runtime.rglob("*")),
    }


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


def _family(pid: int) -> list[int]:
    return [member for child in _children(pid) for member in (child, *_family(child))]


def _resident(pid: int) -> int:
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def soak(checks: int, home: Path) -> None:
    from dlkata.grading.client import nearest

    rng = random.Random(0)
    katas = Library().katas
    watched = next(kata for kata in katas if kata.name == "attention")
    file = home / "work" / "attention.py"
    file.parent.mkdir()
    file.write_text(watched.reference, encoding="utf-8")
    watch = subprocess.Popen(
        [sys.executable, "-m", "dlkata", "watch", "attention"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    verdicts = threading.Semaphore(0)

    def read() -> None:  # one such line is in every verdict
        assert watch.stdout is not None
        for line in watch.stdout:
            if "tests are right" in line or line.startswith("attention.py:"):
                verdicts.release()

    threading.Thread(target=read, daemon=True).start()
    assert verdicts.acquire(timeout=120), "watch gave no first verdict"
    before: dict[str, int] = {}
    passes = 0
    for number in range(1, checks + 1):
        fault = rng.choice(list(FAULTS))
        if number % 2:
            file.write_text(source(watched, fault, rng) + f"\n# {number}\n", encoding="utf-8")
            assert verdicts.acquire(timeout=120), f"no verdict on {fault}"
        else:
            kata = rng.choice(katas)
            with nearest(None) as line:
                graded = grade(line, check_of(kata, source(kata, fault, rng), "soak"))
            assert graded.verdict or graded.problem, f"no verdict on {kata.name}: {fault}"
            assert graded.passed <= (
                fault in ("right", "writes a lot", "opens files", "leaks", "takes memory")
            )
            passes += graded.passed
        if number == WARMED_UP:
            before = figures(watch.pid, home)
        if number % 50 == 0:
            print(f"{number} checks: {figures(watch.pid, home)}", flush=True)
    after = figures(watch.pid, home)
    watch.send_signal(signal.SIGINT)
    watch.wait(timeout=30)
    print(
        f"{checks} checks, {passes} passes among those sent.\nafter {WARMED_UP}: {before}\nat the end: {after}"
    )
    assert after["memory of both, MiB"] <= before["memory of both, MiB"] * 1.05 + 4, "memory grows"
    for name in ("open files of both", "processes below", "zombies"):
        assert after[name] <= before[name], f"{name}: it grows"
    print("soak passed")


def main() -> None:
    home = Path(tempfile.mkdtemp())
    os.environ.update(
        HOME=str(home), DLKATA_HOME=str(home / "data"), DLKATA_WORKSPACE=str(home / "work"),
        XDG_RUNTIME_DIR=str(home), LC_ALL="C.UTF-8",
    )  # fmt: skip
    try:
        soak(int(sys.argv[1]) if len(sys.argv) > 1 else 500, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
