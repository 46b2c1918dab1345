"""How well failures are explained: `python -m tests.bench.explaining [FOLDER] [KATA …]`.

Over all wrong attempts of tests/wrong, or of another folder with a folder for each kata. Their headers tell what is
true: `# line: N` the faulty lines, `# bug: NAME` the listed mistake.
"""

import re
import resource
import statistics
import sys
from collections import Counter
from pathlib import Path

from dlkata.author.proof import check_of, grade, listed_bugs
from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.grading.protocol import Verdict

LINES = re.compile(r"^# line: (.*)$", re.MULTILINE)


def main() -> None:
    arguments = sys.argv[1:]
    folder = Path(arguments.pop(0)) if arguments and Path(arguments[0]).is_dir() else Path("tests/wrong")
    whole: Counter[str] = Counter()
    lengths: list[int] = []
    with client.warm() as line:
        for name in arguments or sorted(path.name for path in folder.iterdir() if path.is_dir()):
            figures: Counter[str] = Counter()
            for file in sorted(folder.joinpath(name).glob("*.py")):
                source = file.read_text(encoding="utf-8")
                graded = grade(line(), check_of(Library().kata(name), source, file.stem, training=False))
                if graded.verdict is None or graded.verdict.passed:
                    figures["passed"] += graded.verdict is not None
                    continue
                figures += tell(graded.verdict, source, lengths, f"{name}/{file.name}")
            whole += figures
            print(f"{name}: {said(figures)}", flush=True)
    print(
        f"all: {said(whole)}; range: median {statistics.median(lengths or [0])} lines, at most {max(lengths or [0])}"
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"seconds of computing an attempt: {(used.ru_utime + used.ru_stime) / max(1, whole['failed']):.2f}")


def tell(verdict: Verdict, source: str, lengths: list[int], attempt: str) -> Counter[str]:
    place, listed = verdict.place, listed_bugs(source)
    found = Counter(failed=1)
    found["named"] = bool(verdict.bugs)
    found["falsely named"] = bool(verdict.bugs) and bool(listed) and listed.isdisjoint(verdict.bugs)
    found["placed"] = place is not None
    found["with a relation"] = place is not None and place.relation is not None
    found["explained"] = bool(verdict.bugs) or (place is not None and place.relation is not None)
    if not found["explained"]:
        print(f"  {attempt}: {'placed, no relation' if place else 'nothing said'}")
    if place is not None:
        right = {known.line for known in place.known} - {place.line}  # which are shown, and said to be right
        lengths.append(len({*place.lines} - right))
        if (lines := LINES.search(source)) is not None:
            faulty = {int(number) for number in re.findall(r"\d+", lines[1])}
            shown = {*place.lines, *range(place.line, place.end_line + 1)} - right
            found["judged"] = 1
            found["holds the line"] = not faulty.isdisjoint(shown)
            if faulty.isdisjoint(shown):
                print(f"  {attempt}: shows {sorted(shown)}, faulty {sorted(faulty)}")
    return found


def said(figures: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in figures.items() if count)


if __name__ == "__main__":
    main()
