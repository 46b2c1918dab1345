"""Words for what a test found: from data to sentences, the same for the screen and for --json."""

import re

from dlkata.grading.protocol import Outcome, Raised, Result
from dlkata.locale import _, language
from dlkata.suite.finding import Finding
from dlkata.ui.chart import curves

UNDEFINED = re.compile(r"name '(\w+)' is not defined")
IMPORTS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "math": "import math",
    "np": "import numpy as np",
}
NAME_STARTS = re.compile(r", (?=[A-Za-z_])")  # a shape's comma is followed by a number
MOST_NAMES = 5


def explain(result: Result) -> list[str]:
    """What went wrong in one test, as lines."""
    if result.finding is not None:
        return explain_finding(result.finding)
    if result.outcome == Outcome.TIMEOUT:
        sentence = _("No answer within {seconds:g} s: it hangs, loops for ever, or is far too slow.", seconds=result.seconds)  # fmt: skip
        return [sentence, *(_where(result.raised) if result.raised is not None else [])]
    if result.raised is not None:
        return explain_raised(result.raised, unfinished=result.outcome == Outcome.UNFINISHED)
    if result.outcome == Outcome.CRASHED:
        return [ended(result.reason)]
    return []


def explain_finding(found: Finding) -> list[str]:
    name = found.name or _("the result")
    own_sentence = found.zh if language() == "zh" else found.en
    match found.kind:
        case "shape":
            lines = [
                _(
                    "{name} has shape {actual}; it should be {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                )
            ]
        case "dtype":
            lines = [
                _(
                    "{name} is {actual}; it should be {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                )
            ]
        case "device":
            lines = [
                _(
                    "{name} is on {actual}; it should be on {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                )
            ]
        case "type":
            lines = [
                _(
                    "{name} is {actual}; it should be {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                )
            ]
        case "subclass":
            lines = [
                _(
                    "{name} is a {actual}, a subclass of Tensor; return a plain tensor.",
                    name=name,
                    actual=found.actual,
                )
            ]
        case "value":
            lines = [
                _(
                    "{name} is {actual}; it should be {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                )
            ]
        case "values" | "nonfinite":
            lines = _values(found, name)
        case "no_gradient":
            lines = [_("{name} is missing: no gradient flows there.", name=name)]
        case "edited":
            lines = [_("Your code changed its input `{name}`.", name=name)]
        case "reseeded":
            lines = [
                _(
                    "Your code set the seed of torch's random numbers; draw from the generator, never reseed it."
                )
            ]
        case "state_dict":
            lines = _state_dict(found)
        case "range":
            lines = [own_sentence] if own_sentence else []
            lines += [
                _(
                    "{name} is {actual}; it should be {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                )
            ]
        case "property":
            lines = [own_sentence]
            if found.actual:
                lines.append(_("Yours: {value}.", value=found.actual))
        case "curve":
            step = found.index[0]
            lines = [
                _(
                    "At step {step} the loss is {actual}; with the reference it is {expected}.",
                    step=step,
                    actual=found.actual,
                    expected=found.expected,
                ),
                *curves(found.curve, found.target_curve),
            ]
        case "target":
            lines = [
                _(
                    "{name} is {actual}; the target is {expected}.",
                    name=name,
                    actual=found.actual,
                    expected=found.expected,
                ),
                *curves(found.curve, []),
            ]
        case "unconfirmed":
            lines = [
                _(
                    "With new numbers, in a process that does not hold the solution, your code computes something else."
                )
            ]
        case "spoiled":
            lines = [_("The right answer was spoiled: your code changed a tensor that is not its own.")]
        case _:
            lines = [found.actual or found.kind]
    return lines  # fmt: skip


def _values(found: Finding, name: str) -> list[str]:
    at = f"[{', '.join(map(str, found.index))}]" if found.index else ""
    if found.total == 1:
        lines = [
            _(
                "{name} is {actual}; it should be {expected}.",
                name=name,
                actual=found.actual,
                expected=found.expected,
            )
        ]
    elif found.kind == "nonfinite":
        lines = [
            _(
                "{name} holds nan or inf: {wrong} of {total} entries are wrong.",
                name=name,
                wrong=found.wrong,
                total=found.total,
            )
        ]
    else:
        lines = [
            _(
                "{name}: {wrong} of {total} entries are wrong, by up to {difference:.2g}.",
                name=name,
                wrong=found.wrong,
                total=found.total,
                difference=found.difference,
            )
        ]
    if found.total > 1:
        lines.append(
            _(
                "The first is {at}: yours {actual}, right {expected}.",
                at=at,
                actual=found.actual,
                expected=found.expected,
            )
        )
    if found.map and 0 < found.wrong < found.total:
        place = ", ".join([*map(str, found.index[:-2]), ":", ":"])
        lines.append(
            _("Where (# wrong, · right), in [{place}]:", place=place)
            if len(found.index) > 2
            else _("Where (# wrong, · right):")
        )
        lines += ["  " + row for row in found.map]
    return lines  # fmt: skip


def _state_dict(found: Finding) -> list[str]:
    lines = [_("state_dict() is not that of the statement.")]
    if found.expected:
        lines.append(_("Missing: {names}.", names=_few(found.expected)))
    if found.actual:
        lines.append(_("Not asked for: {names}.", names=_few(found.actual)))
    if found.name:
        lines.append(_("Other shapes: {names}.", names=_few(found.name)))
    return lines


def _few(names: str) -> str:
    """The first of a long list, and how many there are."""
    every = NAME_STARTS.split(names)
    if len(every) <= MOST_NAMES:
        return names
    return _("{names} … ({count} in all)", names=", ".join(every[:MOST_NAMES]), count=len(every))


def explain_raised(raised: Raised, *, unfinished: bool = False) -> list[str]:
    where = _where(raised)
    if unfinished:
        return [_("Not implemented yet: `{name}`.", name=raised.frames[-1].function), *where]
    if raised.type == "SystemExit":
        return [_("Your code ends the program (sys.exit)."), *where]
    if raised.type == "KeyboardInterrupt":
        return [_("Your code raises KeyboardInterrupt."), *where]
    if raised.type == "RecursionError":
        return [_("Your code calls itself without end."), *where]
    if raised.type == "MemoryError":
        return [_("Your code asks for more memory than a kata may use (2 GiB)."), *where]
    text = f"{raised.type}: {raised.text}" if raised.text else raised.type
    if not raised.frames:
        return [_("The test could not go on with what your code gave it: {error}", error=text)]
    return [
        _("Your code raises {error}", error=text),
        *where,
        *_missing_import(raised),
        *_closed_place(raised),
    ]


def _closed_place(raised: Raised) -> list[str]:
    """Files are closed to an attempt; what it may do instead."""
    if raised.type != "PermissionError" or "Permission denied" not in raised.text:
        return []
    return [_("An attempt reads its own folder, and writes only to tempfile.gettempdir().")]


def _missing_import(raised: Raised) -> list[str]:
    """What everybody forgets once: the line that is missing at the top."""
    found = UNDEFINED.match(raised.text) if raised.type == "NameError" else None
    line = IMPORTS.get(found[1]) if found else None
    return [_("At the top of your file `{line}` is missing.", line=line)] if line else []


def _where(raised: Raised) -> list[str]:
    if not raised.frames:
        return []
    last = raised.frames[-1]
    return [_("line {line}, in {function}:", line=last.line, function=last.function), f"  {last.code}"]


def ended(reason: str) -> str:
    if reason.startswith("exit"):
        return _("Your code ended the process by itself ({reason}).", reason=reason)
    if reason == "SIGKILL":
        return _("The process was killed (SIGKILL): by your code, or by the system for want of memory.")
    if reason == "SIGSEGV":
        return _("The process crashed (SIGSEGV): memory was touched that is not its own.")
    if reason == "pipe":
        return _("The grader's own line was cut or written to.")
    if reason == "grader":
        return _(
            "The grader itself failed here: please report it, unless your code changes what it stands on."
        )
    return _("The process was ended by {reason}.", reason=reason)
