"""The list of everything: a row an entry, the same in the browser, in `watch` and in a pipe."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dlkata.locale import _
from dlkata.progress.remarks import Remark
from dlkata.study.catalogue import Catalogue, Entry, Sort, Wish
from dlkata.ui.marks import sign, word
from dlkata.ui.wrap import joined

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND, NOTED, GOOD = "bold", "dim", "cyan", "yellow", "green"
WIDEST_NAME = 22  # a longer one pushes its own title to the right
LEAST_TITLE = 20  # cells; where less is left, facts are left out


def sort_word(sort: Sort) -> str:
    return {
        Sort.KATA: _("kata"),
        Sort.CONCEPT: _("concept"),
        Sort.QUESTION: _("question"),
        Sort.PATH: _("path"),
    }[sort]


def row(entry: Entry, remark: Remark, width: int | None) -> "Text":
    """One line: mark, bookmark, sort, name, title, facts, note; cut to `width`, or whole without one."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    sorts = max(cell_len(sort_word(sort)) for sort in Sort)
    line = Text.assemble(
        sign(entry.mark), " ", ("*" if remark.bookmarked else " ", NOTED), " ",
        (set_cell_size(sort_word(entry.sort), sorts), QUIET), "  ",
    )  # fmt: skip
    if entry.sort is not Sort.QUESTION:  # which has no name that is typed
        line.append(entry.typed.ljust(WIDEST_NAME), COMMAND).append("  ")
    title, facts = joined(entry.title.split("\n")), _facts(entry)
    note = f"  “{remark.note}”" if remark.note else ""
    if width is None:
        return line.append(title).append(facts, QUIET).append(note, NOTED)
    room = width - line.cell_len
    if room - cell_len(facts) < min(LEAST_TITLE, cell_len(title)):
        facts = ""
    room -= cell_len(facts)
    if remark.note:  # it says what the title cannot: it may take half of the room
        note = shortened(note, max(room // 2, room - cell_len(title)))
        room -= cell_len(note)
    line.append(shortened(title, room)).append(facts, QUIET).append(note, NOTED)
    line.truncate(width)
    return line


def _facts(entry: Entry) -> str:
    if entry.minutes:
        return " · " + _("level {level} · {minutes} min", level=entry.level, minutes=entry.minutes)
    if entry.sort is Sort.QUESTION:
        return f" · {entry.typed.rpartition('.')[0]} · " + _("level {level}", level=entry.level)
    return ""


def shortened(text: str, room: int) -> str:
    """As much of a text as there is room for; what is cut ends in an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= room:
        return text
    return set_cell_size(text, room - 1).rstrip() + "…" if room > 1 else ""


def filters(wish: Wish, topics: dict[str, str]) -> list[str]:
    """What narrows the list, in words."""
    said = [sort_word(wish.sort)] if wish.sort is not None else []
    said += [topics.get(wish.topic, wish.topic)] if wish.topic is not None else []
    said += [_("level {level}", level=wish.level)] if wish.level is not None else []
    said += [f"{sign(wish.mark).plain} {word(wish.mark)}"] if wish.mark is not None else []
    said += [_("bookmarked")] if wish.bookmarked else []
    return said


def count(found: Sequence[Entry], catalogue: Catalogue, wish: Wish, topics: dict[str, str]) -> str:
    """How many there are, of how many, and by what they were narrowed."""
    narrowed = " · ".join(filters(wish, topics))
    total = len(catalogue.entries)
    said = _("{count} of {total}", count=len(found), total=total)
    if len(found) == total:
        said = _("{count} entries", count=total)
    return f"{said} · {narrowed}" if narrowed else said


def rows(catalogue: Catalogue, found: Iterable[Entry], width: int | None) -> list["Text"]:
    return [row(entry, catalogue.remark(entry), width) for entry in found]


def keys(shown: Sequence[tuple[str, str]], width: int, shining: Sequence[str] = ()) -> "Text":
    """Keys and what they do, in as many lines as they need; a key and its meaning stay together. Those that shine
    are what to press now."""
    from rich.text import Text

    lines = [Text()]
    for key, meaning in shown:
        style = f"{STRONG} {GOOD}" if key in shining else STRONG
        said = Text.assemble((key, style), " ", (meaning, QUIET))
        if lines[-1].cell_len + said.cell_len > width:
            lines.append(Text())
        lines[-1].append_text(said).append("   ")
    return Text("\n").join(lines)


def entry_as_json(entry: Entry, remark: Remark) -> dict[str, Any]:
    return {
        "kind": entry.sort.value,
        "name": entry.name,
        "title": joined(entry.title.split("\n")),
        "topic": entry.topic,
        "level": entry.level or None,
        "minutes": entry.minutes or None,
        "mark": entry.mark.value,
        "status": entry.status or None,
        "bookmarked": remark.bookmarked,
        "note": remark.note or None,
    }
