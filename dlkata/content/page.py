"""Reads a page: Markdown with TOML heads between `+++` lines and one section a language."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _

SECTION = re.compile(r"# (%s)(?:: (.+))?$" % "|".join(LANGUAGES))
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
Head = TypeVar("Head", bound=msgspec.Struct)


@dataclass(frozen=True)
class Section:
    title: str
    body: str
    line: int  # of its heading
    body_line: int = 0  # of the body's first line


@dataclass
class Part:
    """One head and the sections under it. A kata's page has one part, a concept's page has several."""

    head: str = ""
    head_line: int = 0
    sections: dict[str, Section] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    file: Path
    parts: list[Part]

    def head(self, part: Part, kind: type[Head]) -> Head:
        return decode_toml(part.head, kind, self.file, part.head_line)


def read_text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DlkataError(_("{file} does not exist.", file=file), _("Write it, or fix the name.")) from None
    except IsADirectoryError:
        raise DlkataError(_("{file} is a folder, not a file.", file=file)) from None
    except PermissionError:
        raise DlkataError(_("{file} may not be read.", file=file), _("Change its permissions.")) from None
    except UnicodeDecodeError as error:
        raise DlkataError(
            _("{file} is not UTF-8 (byte {position}).", file=file, position=error.start),
            _("Save it as UTF-8."),
        ) from None
    for number, line in enumerate(text.split("\n"), 1):
        if found := CONTROL.search(line):
            code = f"{ord(found.group()):#04x}"
            raise DlkataError(
                _("{file}:{line}: control character {code}.", file=file, line=number, code=code),
                _("Remove it; in TOML, write LaTeX between single quotes."),
            )
    return text


def read_page(file: Path) -> Page:
    lines = read_text(file).split("\n")
    parts: list[Part] = []
    headings: list[tuple[Part, str, str, int]] = []  # part, language, title, line
    ends: list[int] = []  # the line after each section's last one
    fenced, head_start = False, 0
    for number, line in enumerate(lines, 1):
        if head_start:
            if line.strip() == "+++":
                parts.append(Part("\n".join(lines[head_start : number - 1]), head_start + 1))
                head_start = 0
            continue
        if line.startswith("```"):
            fenced = not fenced
        match = None if fenced else SECTION.match(line)
        begins_head = not fenced and line.strip() == "+++"
        if (match or begins_head) and len(ends) < len(headings):
            ends.append(number)
        if begins_head:
            head_start = number
        elif match:
            if not parts:
                parts.append(Part())
            headings.append((parts[-1], match[1], (match[2] or "").strip(), number))
    if head_start:
        raise DlkataError(
            _("{file}:{line}: the head is not closed.", file=file, line=head_start),
            _("End it with a line `+++`."),
        )
    ends.append(len(lines) + 1)
    for (part, lang, title, number), end in zip(headings, ends, strict=False):
        if lang in part.sections:
            raise DlkataError(
                _("{file}:{line}: a second `# {lang}` section.", file=file, line=number, lang=lang),
                _("Keep one section a language."),
            )
        start = next((n for n in range(number, end - 1) if lines[n]), end - 1)
        part.sections[lang] = Section(
            title, "\n".join(lines[start : end - 1]).rstrip("\n"), number, start + 1
        )
    return Page(file, parts)


def decode_toml(text: str, kind: type[Head], file: Path, first_line: int = 1) -> Head:
    """TOML text as a `kind`; an error names file, line, field and remedy."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = first_line + (int(found[1]) - 1 if found else 0)
        reason = str(error).split(" (at")[0]
        raise DlkataError(
            _("{file}:{line}: not TOML: {reason}.", file=file, line=line, reason=reason),
            _("Write strings between single quotes."),
        ) from None
    if (place := _control_character(data, "")) is not None:
        line = first_line + _line_of(place, text)
        raise DlkataError(
            _("{file}:{line}: field `{field}` holds a control character.", file=file, line=line, field=place),
            _("Write it between single quotes: \"\\frac\" begins with a form feed, '\\frac' does not."),
        )
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        reason, _at, path = str(error).partition(" - at `$")
        place = path.rstrip("`").lstrip(".")
        named = re.search(r"field `(\w+)`", reason)
        line = first_line + _line_of(place or (named[1] if named else ""), text)
        raise DlkataError(
            _("{file}:{line}: field `{field}`: {reason}.", file=file, line=line, field=place or (named[1] if named else "?"), reason=reason),
            _("CONTRIBUTING.md shows the fields and their types."),
        ) from None  # fmt: skip


def _line_of(place: str, text: str) -> int:
    """How many lines below the first the field `place` (such as `bugs[2].find`) begins; 0 if it is not there."""
    lines, start = text.split("\n"), 0
    for name, index in re.findall(r"(\w+)(?:\[(\d+)\])?", place):
        if name.startswith("..."):
            continue
        pattern = re.compile(rf"\s*\[\[{name}\]\]|\s*{name}\s*=" if index else rf"\s*{name}\s*=")
        seen = -1
        for number in range(start, len(lines)):
            if pattern.match(lines[number]):
                seen += 1
                if seen == int(index or 0):
                    start = number
                    break
        else:
            return start
    return start


def _control_character(value: Any, place: str) -> str | None:
    if isinstance(value, str):
        return place if CONTROL.search(value) else None
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if place else str(key)
        if (found := _control_character(inner, place + step)) is not None:
            return found
    return None
