"""Where an attempt goes wrong, and how: the lines in order, the faulty expression underlined, and what was tried."""

from typing import TYPE_CHECKING, Any

from dlkata.grading.placing import Known, Place, Relation
from dlkata.locale import N_, _
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

GOOD, BAD, QUIET, STRONG = "green", "red", "dim", "bold"
MARGIN = 10  # columns in front of a line of code: mark and number
FEW_BEFORE = 12  # columns of code that are kept before what is underlined
LONGEST = 48  # characters of an expression in a sentence


def place_lines(place: Place, source: str, width: int) -> list["Text"]:
    from rich.text import Text

    code = source.split("\n")
    known = {one.line: one for one in place.known}
    lines = [Text(_("Where it goes wrong"), style=STRONG)]
    for number in place.lines:
        if number != place.line:
            mark, style = ("✓", GOOD) if number in known else ("·", QUIET)
            lines += _line(mark, style, number, _shown(code, number), width)
        if number in known and number != place.line and known[number].name:
            lines.append(Text(" " * MARGIN + _right(known[number]), style=QUIET))
        if number == place.line:
            lines += _faulty(place, code, width)
    for sentence in sentences(place):
        lines += [Text(" " * MARGIN).append_text(row) for row in wrap(Text(sentence), width - MARGIN)]
    return lines


def sentences(place: Place) -> list[str]:
    """How the value differs, if that can be said, and what was tried."""
    said = [relation_sentence(place.relation, place.text)] if place.relation is not None else []
    if place.first:
        more = _("What it is made of is right, and with the right value here more of what follows is right.")
        return [*said, more, _("No test passes for it yet: there is another mistake.")]
    if not place.mended or (place.relation is not None and place.relation.kind == "backward"):
        return said
    return [*said, *_tried(place)]


def _tried(place: Place) -> list[str]:
    """What was put in its place, how many tests pass with it, and what follows from that."""
    if place.failing == 1:
        passing = _("the failing test passes")
    elif place.mended == place.failing:
        passing = _("all {count} failing tests that were tried pass", count=place.failing)
    else:
        passing = _("{mended} of {count} failing tests pass", mended=place.mended, count=place.failing)
    if place.unfinished:
        why = _("it was right when it was made, and a step is missing before this use")
    elif place.relation is not None and place.relation.kind == "narrow":
        why = _("the digits are lost here")
    else:
        why = _("the fault is in it or in what it is made of")
    others = (
        [_("The others have another cause, or this one and another.")] if place.mended < place.failing else []
    )
    return [_("{put}, {passing}: {why}.", put=_put(place), passing=passing, why=why), *others]


def _put(place: Place) -> str:
    lines = ", ".join(map(str, place.also))
    if place.relation is not None and place.relation.kind == "narrow":
        if lines:
            return _("With float64 kept here and on line {lines}", lines=lines)
        return _("With float64 kept here")
    if lines:
        return _("With right values put here and on line {lines}", lines=lines)
    return _("With the right value put here")


def relation_sentence(relation: Relation, text: str) -> str:
    what = f"`{_short(text)}`"
    match relation.kind:
        case "factor" if relation.number == -1:
            return _("{what} has the wrong sign.", what=what)
        case "factor" if relation.name and relation.name != f"{relation.number:g}":
            return _(
                "{what} is {number} times what it should be; {number} is {name} here.",
                what=what, number=f"{relation.number:.6g}", name=f"`{relation.name}`",
            )  # fmt: skip
        case "factor":
            return _(
                "{what} is {number} times what it should be.", what=what, number=f"{relation.number:.6g}"
            )
        case "offset":
            return _(
                "{what} is off by the same number everywhere: {number}.",
                what=what,
                number=f"{relation.number:+.6g}",
            )
        case "shape":
            return _(
                "{what} has the shape {mine}; it should be {right}.",
                what=what, mine=tuple(relation.mine), right=tuple(relation.right),
            )  # fmt: skip
        case "nonfinite":
            return _("{what} holds {value} where it should be finite.", what=what, value=relation.name)
        case "precision":
            return _(
                "{what} is right to about seven digits only: float32 on the way, or large numbers that nearly cancel.",
                what=what,
            )
        case "dtype":
            return _(
                "{what} is {mine}; it should be {right}.", what=what, mine=relation.name, right=relation.wish
            )
        case "narrow":
            return _("{what} is {dtype}, while all else here is float64.", what=what, dtype=relation.name)
        case "drawn":
            return _("{what} is drawn at random in another way than it should be.", what=what)
        case "power":
            return _(POWERS[relation.name], what=what)
        case "shifted":
            return _(
                "{what} has the right numbers, shifted by one along dim {axis}.",
                what=what,
                axis=relation.axis,
            )
        case "masked" if relation.name == "zero":
            return _("{what} is right except where it should be 0.", what=what)
        case "masked":
            return _("{what} is right except where it should be −∞.", what=what)
        case "rim" if relation.name == "first":
            return _("{what} is right except for the first along dim {axis}.", what=what, axis=relation.axis)
        case "rim":
            return _("{what} is right except for the last along dim {axis}.", what=what, axis=relation.axis)
        case "axis":
            return _(
                "{what} adds up to 1 along dim {mine}; it should along dim {right}.",
                what=what, mine=relation.axis, right=int(relation.number),
            )  # fmt: skip
        case "transposed":
            return _(
                "{what} has the right numbers, with dim {one} and dim {other} swapped.",
                what=what, one=relation.axis, other=int(relation.number),
            )  # fmt: skip
        case "reordered":
            return _("{what} has the right numbers in another order.", what=what)
        case "edited":
            return _("Here your code changes its input `{name}`.", name=relation.name)
        case "overwritten":
            return _(
                "Here your code changes `{name}` in place, and it is needed as it was.",
                name=_short(relation.name),
            )
        case "unregistered":
            return _(
                "`{name}` is no part of state_dict(): make it a Parameter, a buffer or a module of its own.",
                name=relation.name,
            )
        case "misnamed":
            return _("The statement calls it `{name}`.", name=relation.name)
        case "sized":
            return _(
                "`{name}` has the shape {mine}; it should be {right}.",
                name=relation.name, mine=tuple(relation.mine), right=tuple(relation.right),
            )  # fmt: skip
        case "flag":
            return _(
                "{what} is {mine}; it should be {right}.",
                what=what, mine=bool(relation.found), right=bool(relation.wanted),
            )  # fmt: skip
        case "traced":
            return _(
                "{what} has the right values, but carries a graph that should end here: detach it.", what=what
            )
        case "backward":
            return _("{what} has the right values, but passes wrong gradients back.", what=what)
        case "number":
            return _(
                "{what} is {mine}; it should be {right}.",
                what=what,
                mine=_told(relation.found, relation.wanted),
                right=_told(relation.wanted, relation.found),
            )
        case "entries" if relation.wrong == relation.total:
            return _(
                "{what} is wrong everywhere: at {index} it is {mine}, and should be {right}.",
                what=what, index=relation.index, mine=_told(relation.found, relation.wanted), right=_told(relation.wanted, relation.found),
            )  # fmt: skip
        case "entries":
            return _(
                "{what} is wrong in {wrong} of {total} entries: at {index} it is {mine}, and should be {right}.",
                what=what, wrong=relation.wrong, total=relation.total, index=relation.index,
                mine=_told(relation.found, relation.wanted), right=_told(relation.wanted, relation.found),
            )  # fmt: skip
        case "cut" if relation.name:
            return _("No gradient flows through {what}.", what=what)
        case _:
            return _("{what} has the right values, but no gradient flows through it.", what=what)


POWERS = {
    "square": N_("{what} is the square of what it should be."),
    "root": N_("{what} is the square root of what it should be."),
    "reciprocal": N_("{what} is the reciprocal of what it should be."),
    "logarithm": N_("{what} is the logarithm of what it should be."),
    "exponential": N_("{what} is the exponential of what it should be."),
    "absolute": N_("{what} is the absolute value of what it should be."),
    "cut at zero": N_("{what} is 0 where it should be negative."),
}


def place_json(place: Place) -> dict[str, Any]:
    return {
        "first": min(place.lines),
        "last": max(place.lines),
        "lines": place.lines,
        "line": place.line,
        "columns": [column + 1 for column in place.columns],
        "text": place.text,
        "right": place.right or None,
        "also": place.also,
        "mended": place.mended,
        "failing": place.failing,
    }


def _told(number: float, other: float) -> str:
    """With as many digits as tell it from the other."""
    return next(
        (said for digits in (6, 9, 12) if (said := f"{number:.{digits}g}") != f"{other:.{digits}g}"),
        repr(number),
    )


def _right(known: Known) -> str:
    if known.reference in ("", known.name):
        return _("`{name}` is right.", name=known.name)
    return _(
        "`{name}` is right; the reference calls it `{reference}`.", name=known.name, reference=known.reference
    )


def _line(mark: str, style: str, number: int, shown: str, width: int) -> list["Text"]:
    """A line of code, cut where the screen ends."""
    from rich.cells import set_cell_size
    from rich.text import Text

    room = width - MARGIN
    fitting = shown if len(shown) <= room else set_cell_size(shown, room - 1).rstrip() + "…"
    return [Text.assemble("  ", (mark, style), f"{number:>5}  ", fitting)]


def _faulty(place: Place, code: list[str], width: int) -> list["Text"]:
    """The line with its expression underlined; what stands before it gives way where the screen is narrow."""
    from rich.cells import cell_len
    from rich.text import Text

    shown = _shown(code, place.line)
    first, last = place.columns
    line = code[place.line - 1] if 0 < place.line <= len(code) else ""
    indent = len(line) - len(line.lstrip())
    last = last if place.end_line == place.line else len(line)
    before, under = line[indent:first], line[first:last]
    if cell_len(shown) > width - MARGIN and cell_len(before) > FEW_BEFORE:
        shown, before = "…" + shown[len(before) :], "…"
    lines = _line("✗", BAD, place.line, shown, width)
    if indent <= first < last:
        carets = min(cell_len(under), width - MARGIN - cell_len(before))
        lines.append(Text(" " * (MARGIN + cell_len(before)) + "^" * carets, style=BAD))
    return lines


def _shown(code: list[str], line: int) -> str:
    return code[line - 1].strip() if 0 < line <= len(code) else ""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
