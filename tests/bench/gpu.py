"""`make gpu`: what passes and what fails on a GPU, beside the CPU in one run, training included.

Every reference and every right attempt must pass, six bugs of each kata must be rejected and named. Exits 0 where there
is no such device, and says so.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlkata.author.proof import Graded, attempts, check_of, grade
from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.content.solution import spellings_of
from dlkata.grading.client import warm

BUGS = 6
ASK = "import sys, torch; sys.exit(not (torch.{device}.is_available() if '{device}' != 'cpu' else True))"


@dataclass(frozen=True)
class Case:
    """A source, and how it must fare."""

    label: str
    source: str
    bug: str = ""  # it must be rejected, and named so; "" must pass

    def fares(self, graded: Graded) -> str:
        if not self.bug:
            return "passes" if graded.passed else f"FAILS: {', '.join(graded.failed) or graded.problem}"
        if graded.passed:
            return "PASSES"
        return "named" if graded.bugs == [self.bug] else f"NOT NAMED: {graded.bugs}"


def cases(kata: Kata) -> Iterator[Case]:
    yield Case("reference", kata.reference)
    for file in attempts(kata, "right"):
        yield Case(f"right/{file.stem}", file.read_text(encoding="utf-8"))
    known = spellings_of(kata.solution.bugs)
    for spelling in known[:: max(1, len(known) // BUGS)][:BUGS]:
        yield Case(spelling.label, spelling.apply(kata.reference), spelling.bug)


def rows(
    katas: Sequence[Kata], devices: tuple[str, str]
) -> Iterator[tuple[str, str, list[str], list[float]]]:
    with warm() as open_line:
        for kata in katas:
            for case in cases(kata):
                fates, seconds = [], []
                for device in devices:
                    training = not case.bug  # a bug is known by the quick tests
                    check = check_of(
                        kata, case.source, "attempt", device=device, training=training, locate=False
                    )
                    graded = grade(open_line(), check)
                    fates.append(case.fares(graded))
                    seconds.append(sum(result.seconds for result in graded.results))
                yield kata.name, case.label, fates, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("katas", nargs="*", metavar="KATA")
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    if subprocess.run([sys.executable, "-c", ASK.format(device=options.device)]).returncode:
        print(f"There is no {options.device} device here: nothing was run.")
        return
    library, wrong, total = Library(), 0, [0.0, 0.0]
    katas = [library.kata(name) for name in options.katas] or library.katas
    print(
        f"| kata | attempt | cpu | {options.device} | cpu s | {options.device} s |\n| --- | --- | --- | --- | --- | --- |"
    )
    for name, label, fates, seconds in rows(katas, ("cpu", options.device)):
        wrong += any(fate[0].isupper() for fate in fates)
        total = [a + b for a, b in zip(total, seconds, strict=True)]
        print(
            f"| {name} | {label} | {fates[0]} | {fates[1]} | {seconds[0]:.2f} | {seconds[1]:.2f} |",
            flush=True,
        )
    print(f"| all | {wrong} not as they must be | | | {total[0]:.1f} | {total[1]:.1f} |")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
