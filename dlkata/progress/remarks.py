"""Bookmarks and notes on whatever there is: events too, of which the newest counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.record import Record, explained

LONGEST = 2000  # characters of a note


class Sort(StrEnum):
    BOOKMARK = "bookmark"
    NOTE = "note"


@dataclass(frozen=True)
class Remark:
    """What the learner has put on a thing."""

    bookmarked: bool = False
    note: str = ""


class Remarks:
    def __init__(self, record: Record):
        self.connection = record.connection

    def bookmark(self, thing: str, on: bool, now: datetime) -> None:
        self._add(thing, Sort.BOOKMARK, "*" if on else "", now)

    def note(self, thing: str, text: str, now: datetime) -> str:
        """Writes a note over the one before, as one line; an empty one takes it away. What was written."""
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        if len(text) > LONGEST:
            raise DlkataError(
                _("A note holds {most} characters; this one has {count}.", most=LONGEST, count=len(text)),
                _("Make it shorter; the one before is kept."),
            )
        self._add(thing, Sort.NOTE, text, now)
        return text

    def all(self, renamed: Iterable[tuple[str, str]] = ()) -> Mapping[str, Remark]:
        """Everything that is bookmarked or noted now. `renamed` are old and new names of things."""
        query = """
            SELECT thing, sort, text FROM remarks
            WHERE id IN (SELECT MAX(id) FROM remarks GROUP BY sort, thing) AND text <> '' ORDER BY id
        """
        with explained(self.connection):
            rows = self.connection.execute(query).fetchall()
        names = dict(renamed)
        found: dict[str, dict[str, str]] = {}
        for thing, sort, text in rows:
            found.setdefault(names.get(thing, thing), {})[sort] = text
        return {
            thing: Remark(Sort.BOOKMARK in texts, texts.get(Sort.NOTE, "")) for thing, texts in found.items()
        }

    def _add(self, thing: str, sort: Sort, text: str, now: datetime) -> None:
        offset = now.utcoffset()
        assert offset is not None, "a remark's time is aware"
        at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute(
                "INSERT INTO remarks (at, utc_offset, thing, sort, text) VALUES (?,?,?,?,?)",
                (at, int(offset.total_seconds() // 60), thing, sort, text),
            )
