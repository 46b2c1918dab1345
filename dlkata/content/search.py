"""Finds concepts by words in either language: in their names and titles, else in their explanations."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlkata.content.index import ConceptEntry
from dlkata.content.library import Library
from dlkata.content.page import read_text
from dlkata.errors import DlkataError

QUESTIONS = re.compile(r"^\+\+\+\nquestion\b", re.MULTILINE)
HEAD = re.compile(r"\A\+\+\+\n.*?^\+\+\+\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Hit:
    entry: ConceptEntry
    titled: bool  # the words stand in its name or in a title
    times: int  # in its explanation
    exact: bool  # they are its name, or a title


def search(library: Library, words: Sequence[str]) -> list[Hit]:
    """What holds all of the words: those that have them in a title first, then those that say them most often."""
    wanted = [plain for word in words if (plain := squeezed(word))]
    hits = []
    for entry in library.index.concepts.values():
        if entry.error or not wanted:
            continue
        head = squeezed(" ".join([entry.name, *entry.titles]))
        exact = "".join(wanted) in {squeezed(name) for name in (entry.name, *entry.titles)}
        titled = all(word in head for word in wanted) or "".join(wanted) in head
        text = squeezed(_explanation(Path(entry.file)))
        said = all(word in text or word in head for word in wanted)
        if titled or said:
            hits.append(Hit(entry, titled, sum(text.count(word) for word in wanted), exact))
    return sorted(hits, key=lambda hit: (not hit.titled, -hit.times, hit.entry.name))


def squeezed(text: str) -> str:
    """Without what people write differently: capitals, hyphens, spaces, full-width letters."""
    return re.sub(r"[\s_\-‑]+", "", unicodedata.normalize("NFKC", text).lower())


def _explanation(file: Path) -> str:
    try:
        text = read_text(file)
    except DlkataError:
        return ""
    found = QUESTIONS.search(text)
    return HEAD.sub("", text[: found.start()] if found else text)
