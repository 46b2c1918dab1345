"""What follows a pass on the screen: how long it took, what it proves, what an interviewer asks, what is next."""

from typing import TYPE_CHECKING, Any

from dlkata.locale import _
from dlkata.study.passing import Passing
from dlkata.ui.concept import title_of
from dlkata.ui.marks import sign
from dlkata.ui.wrap import joined, naming, wrap

if TYPE_CHECKING:
    from rich.text import Text

MOST_CONCEPTS, MOST_FOLLOW_UPS = 4, 3


def passing_lines(passed: Passing, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines = [row for row in wrap(Text(took(passed)), width)] if passed.done else []
    if passed.proves:
        lines += [Text(), Text(_("What it proves"), style="bold")]
        for entry, known in passed.proves[:MOST_CONCEPTS]:
            rows = wrap(Text(title_of(entry)), width - 4)
            lines.append(Text.assemble("  ", sign(known.mark), " ", rows[0]))
            lines += [Text("    ").append_text(row) for row in rows[1:]]
    if passed.follow_ups:
        lines += [Text(), Text(_("What an interviewer asks next"), style="bold")]
        for follow_up in passed.follow_ups[:MOST_FOLLOW_UPS]:
            rows = wrap(Text(joined(follow_up.text.split("\n"))), width - 4)
            lines += [Text("  ? " if n == 0 else "    ").append_text(row) for n, row in enumerate(rows)]
    solution = f"{run} solution {passed.kata.typed}"
    said = [(_("The answers, and the reference with notes: {command}", command=solution), solution)]
    if passed.following is not None:
        kata = f"{run} kata {passed.following.typed}"
        minutes = passed.following.head.minutes
        said.append((_("Next: {title}, {minutes} min: {command}", title=passed.following.title, minutes=minutes, command=kata), kata))  # fmt: skip
    lines.append(Text())
    return [*lines, *(row for sentence, command in said for row in wrap(naming(sentence, command), width))]


def took(passed: Passing) -> str:
    """The time from the stub to the pass, breaks left out, beside what the page gives it."""
    assert passed.done is not None
    parts = []
    if passed.done.seconds:  # none where the only event is this check
        minutes = max(1, round(passed.done.seconds / 60))
        parts.append(_("In {minutes} min (the page says {of})", minutes=minutes, of=passed.kata.head.minutes))
    checks, hints = passed.done.checks, passed.done.hints
    parts.append(_("1 check") if checks == 1 else _("{count} checks", count=checks))
    if hints:
        parts.append(_("1 hint") if hints == 1 else _("{count} hints", count=hints))
    return " · ".join(parts)


def passing_as_json(passed: Passing) -> dict[str, Any]:
    done = passed.done
    return {
        "seconds": None if done is None else round(done.seconds, 1),
        "checks": None if done is None else done.checks,
        "hints": None if done is None else done.hints,
        "proves": [{"concept": entry.name, "mark": known.mark.value} for entry, known in passed.proves],
        "follow_ups": [joined(follow_up.text.split("\n")) for follow_up in passed.follow_ups],
        "next": None if passed.following is None else passed.following.name,
    }
