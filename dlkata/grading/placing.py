"""What is told of where an attempt goes wrong."""

import msgspec


class Known(msgspec.Struct, frozen=True):
    """A line of the attempt's with a right value, and what attempt and reference call it, if they have names for it."""

    line: int
    name: str
    reference: str


class Relation(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a wrong value differs from the right one; see ui/place.py for the words."""

    # shape · nonfinite · precision · factor · offset · power · shifted · masked · rim · axis · transposed · reordered ·
    # dtype · narrow (digits are lost) · drawn (at random, in another way) · cut · traced · backward · edited (what was
    # given) · overwritten · unregistered · misnamed · sized (state); if none of these holds: number (there is but
    # one) · flag (true or false) · entries
    kind: str
    number: float = 0.0
    name: str = ""
    wish: str = ""  # what should be there
    axis: int = 0
    mine: list[int] = []  # sizes
    right: list[int] = []
    index: list[int] = []  # of an entry, with what it is and what it should be
    found: float = 0.0
    wanted: float = 0.0
    wrong: int = 0  # entries
    total: int = 0


class Place(msgspec.Struct):
    """The expression with whose right value tests pass that fail: everything behind it is right."""

    lines: list[int]  # from the last right values that lead there to the expression
    line: int
    end_line: int
    columns: tuple[int, int]  # of its first character and behind its last, from 0
    text: str
    right: str  # the reference's name for the value, if it has one
    mended: int  # of the failing tests
    failing: int
    also: list[int] = []  # lines whose values had to be put right with it
    known: list[Known] = []
    whole: bool = True  # nothing is left out between the last right values and the expression
    near: bool = True  # the expression itself reads them
    relation: Relation | None = None
    unfinished: bool = False  # it is right, and something is still to be done to it before it is used here
    first: bool = False  # with its right value more is right behind it, but no test passes yet


def seen(
    line: int, end_line: int, columns: tuple[int, int], text: str, relation: Relation, failing: int
) -> Place:
    """A place where something was seen, without a value to be put there."""
    return Place(
        [line], line, end_line, columns, text, right="", mended=0, failing=failing, relation=relation
    )
