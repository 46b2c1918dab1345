"""Random command lines: `python -m tests.bench.nonsense [LINES]`. None may end in a traceback, nor as our own fault.

Nothing of the user's is touched; commands that would compute for long are given names that do not exist.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from dlkata.cli.main import cli

PATIENCE = 20  # seconds; a command that waits for its user is ended then
COSTLY = {("author", "prove"), ("author", "mutate"), ("author", "check"), ("author", "coverage")}
REAL = ["softmax", "attention", "sqrt-dk", "norms", "tensors", "transformer", "en", "zh", "cpu", "cuda", "bash", "on", "off",
        "1", "3", "math"]  # fmt: skip
ODD = ["", " ", "-", "--", "---", "-1", "0", "1e9", "nan", "99999999999999999999", "é", "🦊", "中文", "\x1b[31mred", "a\nb",
       "../..", "~nobody", "~", ".", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "a" * 5000, "a/" * 2500, "%s", "{}",
       "$(id)", "'", '"', "=", "--=", "-x", "--json", "--help", "\udcff", "CON", "*", "[a", "a.py", "b.toml", "c", "fifo", "bytes.py",
       "folder", "folder.py", "empty.py", "loop"]  # fmt: skip
CODES = {0, 1, 2, 130}


def lines(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it."""
    context = click.Context(group)
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += lines(command, (*path, name))
    return found


def arguments(path: tuple[str, ...], command: click.Command, rng: random.Random) -> list[str]:
    values = ODD if path in COSTLY else [*ODD, *REAL]
    words = []
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        options = [
            option
            for p in command.params
            for option in (*p.opts, *p.secondary_opts)
            if option.startswith("-")
        ]
        if options and rng.random() < 0.5:
            option = rng.choice(options)
            words += [option] if rng.random() < 0.5 else [option, rng.choice(values)]
        else:
            words.append(rng.choice(values))
    before = (
        ["--lang", rng.choice(values)] if rng.random() < 0.1 else ["--json"] if rng.random() < 0.1 else []
    )
    return [word.replace("\0", "") for word in (*before, *path, *words)]


def run(words: list[str], stdin: bytes, folder: str) -> str | None:
    """What is wrong with how it ended, or None."""
    environment = {
        **os.environ, "HOME": folder, "DLKATA_HOME": f"{folder}/data", "DLKATA_WORKSPACE": f"{folder}/work",
        "XDG_RUNTIME_DIR": folder, "EDITOR": "true", "VISUAL": "true", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    command = [sys.executable, "-m", "dlkata", *(os.fsencode(word) for word in words)]
    with subprocess.Popen(command, env=environment, cwd=f"{folder}/place", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:  # fmt: skip
        try:
            printed, _none = process.communicate(stdin, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.terminate()
            printed, _none = process.communicate()
            process.returncode = 0 if b"Traceback" not in printed else 3
    if b"Traceback" in printed or process.returncode not in CODES:
        return f"{words!r} ended with {process.returncode}: {printed[-600:].decode('utf-8', 'replace')}"
    if b"\x1b[31mred" in printed:
        return f"{words!r}: what was typed reached the terminal raw"
    return None


def furnish(place: Path) -> None:
    """Files that are not what they look like."""
    place.mkdir()
    for name, content in {
        "a.py": b"x = 1",
        "b.toml": b"[",
        "c": b"",
        "bytes.py": b"\xff\xfe\0",
        "empty.py": b"",
    }.items():
        (place / name).write_bytes(content)
    for name in ("folder", "folder.py"):
        (place / name).mkdir()
    os.mkfifo(place / "fifo")
    (place / "loop").symlink_to("loop")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rng, commands = random.Random(count), lines(cli)
    assert isinstance(cli, click.Group)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        furnish(Path(folder, "place"))
        chosen = [rng.choice(commands) for _ in range(count)]
        typed = [
            (arguments(path, command, rng), rng.choice((b"", b"x\n", b"\xff\xfe\n", b"q\n", b"y\n")))
            for path, command in chosen
        ]
        wrong = [found for found in pool.map(lambda line: run(*line, folder), typed) if found]
    used = Counter(path[0] for path, _command in chosen)
    print(f"{count} lines over {len(used)} commands; not as they must be: {len(wrong)}")
    print("\n\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
