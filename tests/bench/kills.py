"""Commands killed at random moments: `python -m tests.bench.kills [TIMES]`.

After each, whatever was shown must be in the record, and no process may be left. Nothing of the user's is touched.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import monotonic

from dlkata.content.library import Library

COMMANDS = ("check", "check --all", "watch", "quiz")
ALL = ("softmax", "perplexity", "clip_grad")  # what `check --all` finds
LONGEST = 20.0  # seconds after which a command is killed at the latest
SETTLING = 5.0  # for what was killed to be gone


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rng, lost, left, seen = random.Random(times), [], [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = {
            **os.environ, "HOME": folder, "DLKATA_HOME": f"{folder}/data", "DLKATA_WORKSPACE": f"{folder}/work",
            "XDG_RUNTIME_DIR": folder, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        attempts(home)
        for number in range(times):
            command = rng.choice(COMMANDS)
            before = recorded(home)
            shown = run_and_kill(command, environment, rng)
            seen[command] += shown
            if recorded(home) - before < shown:
                lost.append(f"{number}: {command}")
            left += [f"{number}: {command}: {process}" for process in survivors(folder)]
    shown_of = ", ".join(f"{command} {count}" for command, count in seen.items())
    print(
        f"{times} kills; answers shown before them: {shown_of}; lost: {lost or 'none'}; left: {left or 'none'}"
    )
    sys.exit(1 if lost or left else 0)


def attempts(home: Path) -> None:
    """Some right, some wrong, where `check --all` and `watch` look for them."""
    (home / "work").mkdir()
    for name in ALL:
        kata = Library().kata(name)
        text = kata.reference if name != "clip_grad" else kata.stub
        (home / "work" / f"{name}.py").write_text(text, encoding="utf-8")


def run_and_kill(command: str, environment: dict[str, str], rng: random.Random) -> int:
    """How many answers it showed before it was killed."""
    words = {"check": ["check", "softmax"], "watch": ["watch", "softmax"]}.get(command, command.split())
    process = subprocess.Popen(
        [sys.executable, "-m", "dlkata", *words], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    if command == "quiz":
        process.stdin.write(b"x\n" * 40)
        process.stdin.flush()
    try:
        process.wait(rng.uniform(0, LONGEST))
    except subprocess.TimeoutExpired:
        process.send_signal(rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)))
    process.stdin.close()
    printed = process.stdout.read().decode("utf-8", "replace")
    process.wait()
    return verdicts(command, printed)


def verdicts(command: str, printed: str) -> int:
    if command == "quiz":
        return sum(line.startswith(("✓ ", "✗ ")) for line in printed.splitlines())
    if command == "check --all":
        return sum(
            line.split() in (["✓", name], ["✗", name]) for line in printed.splitlines() for name in ALL
        )
    return int("Passed" in printed)


def recorded(home: Path) -> int:
    file = home / "data" / "record.db"
    if not file.exists():
        return 0
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        counts = ("SELECT count(*) FROM answers", "SELECT count(*) FROM events WHERE kind = 'checked'")
        return sum(int(connection.execute(count).fetchone()[0]) for count in counts)


def survivors(folder: str) -> list[str]:
    """Processes of ours that are still there when they had time to end; they are ended."""
    until = monotonic() + SETTLING
    while (found := _ours(folder)) and monotonic() < until:
        os.sched_yield()
    for pid, _name in found:
        os.kill(pid, signal.SIGKILL)
    return [name for _pid, name in found]


def _ours(folder: str) -> list[tuple[int, str]]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"DLKATA_HOME={folder}/data".encode() in (process / "environ").read_bytes():
                name = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                found.append((int(process.name), name[-80:]))
        except OSError:
            continue  # it has ended, or is none of ours
    return found


if __name__ == "__main__":
    main()
