"""6 · The first question of a quiz: against `import click`, with many questions, with many answers."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from dlkata.content.library import Library
from dlkata.progress.record import open_record
from tests.bench.clock import DLKATA, command, medians

FEW, MANY = 100, 1_000_000  # answers
QUESTIONS = 20_000
A_PAGE = """+++
order = {order}
+++
# en: Concept {order}
Text.
# zh: 概念 {order}
正文。
"""
A_QUESTION = """
+++
question = 'q{number}'
kind = 'choice'
level = 2
+++
# en
Which number is {number}?

- [x] {number}
  > Yes.
- [ ] none
  > No.
- [ ] another
  > No.
# zh
哪个数是 {number}？

- [x] {number}
  > 对。
- [ ] 没有
  > 不对。
- [ ] 另一个
  > 不对。
"""


def rows() -> Iterator[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as folder:
        homes = {name: Path(folder, name) for name in ("new", "few", "many", "bank")}
        for home in homes.values():
            home.mkdir()
        for name, count in (("few", FEW), ("many", MANY)):
            _answered(homes[name] / "record.db", count)
        _big_bank(Path(folder, "pack"), homes["bank"])
        seconds = medians(
            click=command(sys.executable, "-c", "import click"),
            home=command(DLKATA, DLKATA_HOME=str(homes["few"])),
            home_many=command(DLKATA, DLKATA_HOME=str(homes["many"])),
            stats=command(DLKATA, "stats", DLKATA_HOME=str(homes["few"])),
            stats_many=command(DLKATA, "stats", DLKATA_HOME=str(homes["many"])),
            **{name: first_question(home) for name, home in homes.items()},
        )
        yield "first question / `python -c 'import click'`", seconds["new"] / seconds["click"], "≤ 5"
        yield "first question: 20,000 questions / built-in bank", seconds["bank"] / seconds["new"], "≤ 2"
        yield "first question: 1,000,000 answers / 100", seconds["many"] / seconds["few"], "≤ 1.3"
        yield "home: 1,000,000 answers / 100", seconds["home_many"] / seconds["home"], "≤ 1.3"
        yield "stats: 1,000,000 answers / 100", seconds["stats_many"] / seconds["stats"], "≤ 1.3"


def first_question(home: Path) -> Callable[[], object]:
    """Until the keys of the first question stand on the screen."""

    def run() -> None:
        process = subprocess.Popen(
            [DLKATA, "quiz", "--fresh", "--lang", "en"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "DLKATA_HOME": str(home)},
        )
        assert process.stdout is not None
        seen = b""
        while b"q stop" not in seen:
            data = os.read(process.stdout.fileno(), 1 << 16)
            assert data, seen
            seen += data
        process.kill()
        process.wait()

    return run


def _answered(file: Path, count: int) -> None:
    record = open_record(file)
    today = date.today().toordinal()
    ids = [name for entry in Library().index.concepts.values() for name in entry.ids()]
    rows = (
        ("2026-01-01T00:00:00.000+00:00", 0, today - (count - 1 - n) // 3000, None, ids[n % len(ids)], n,
         "right" if n % 4 else "wrong", 3, 9.0, "", None, '{"chosen": [1]}')
        for n in range(count)
    )  # fmt: skip
    with record.connection:
        record.connection.execute("BEGIN")
        record.connection.executemany(
            "INSERT INTO answers (at, utc_offset, day, session, question, seed, outcome, rating, seconds, content,"
            " undoes, detail) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )
        cards = [
            (name, 20.0, 5.0, 739000 + n, 738990, 738900, count // len(ids)) for n, name in enumerate(ids)
        ]
        record.connection.executemany("INSERT INTO cards VALUES (?,?,?,?,?,?,?)", cards)
    record.close()


def _big_bank(pack: Path, home: Path) -> None:
    (pack / "katas").mkdir(parents=True)
    topic = pack / "questions" / "torch"
    topic.mkdir(parents=True)
    for order in range(QUESTIONS // 2):
        questions = "".join(A_QUESTION.format(number=number) for number in range(2))
        (topic / f"c{order}.md").write_text(A_PAGE.format(order=order) + questions, encoding="utf-8")
    (home / "config.toml").write_text(f'packs = ["{pack}"]\n', encoding="utf-8")
