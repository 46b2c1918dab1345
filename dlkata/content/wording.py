"""What pages say, ready to be searched: kept in the cache beside the index, read again where a file has changed."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dlkata.content.concept import read_concept
from dlkata.content.index import ConceptEntry, Index, read_cache, write_cache
from dlkata.content.page import Part
from dlkata.content.question import PLACEHOLDER
from dlkata.content.search import squeezed
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES

VERSION = 1
LONGEST = 200  # characters of a question's line in a list
FENCE = re.compile(r"^```.*$", re.MULTILINE)
OPTIONS = re.compile(r"^- \[[x ?]\] ", re.MULTILINE)
MARKUP = re.compile(r"[`*]|\$\$")


class Asks(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one question asks."""

    lines: tuple[str, ...]  # by language: the beginning of the prompt
    sought: str  # the prompt in both languages, squeezed


class Wording(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one page says."""

    file: str
    changed: int
    size: int
    said: str  # the explanation in both languages, squeezed
    asks: dict[str, Asks]  # by the question's stem


class _Cached(msgspec.Struct, array_like=True):
    version: int
    pages: list[Wording]


def wordings(index: Index, cache: Path | None) -> Mapping[str, Wording]:
    """By the concept's name. `cache` is a folder, or None to keep nothing; a page that cannot be read is left out."""
    kept = cache / "wording.msgpack" if cache else None
    cached = read_cache(kept, _Cached)
    known = {page.file: page for page in cached.pages if cached.version == VERSION} if cached else {}
    found: dict[str, Wording] = {}
    fresh = 0
    for name, entry in index.concepts.items():
        page = known.get(entry.file)
        if page is None or (page.changed, page.size) != (entry.changed, entry.size):
            page = None if entry.error else _read(entry)
            fresh += 1
        if page is not None:
            found[name] = page
    if kept is not None and (fresh or len(found) != len(known)):
        write_cache(kept, msgspec.msgpack.encode(_Cached(VERSION, list(found.values()))))
    return found


def _read(entry: ConceptEntry) -> Wording | None:
    file = Path(entry.file)
    try:
        concept = read_concept(file, entry.name.removesuffix(file.stem))
    except DlkataError:
        return None
    # The index has read the questions' heads, in their order.
    stems = [question.stem for question in entry.questions]
    asks = dict(zip(stems, map(_asks, concept.question_parts), strict=False))
    said = squeezed(" ".join(concept.explanation[lang].body for lang in LANGUAGES))
    return Wording(entry.file, entry.changed, entry.size, said, asks)


def _asks(part: Part) -> Asks:
    prompts = [_prompt(part.sections[lang].body) for lang in LANGUAGES]
    return Asks(tuple(map(_line, prompts)), squeezed(" ".join(prompts)))


def _prompt(body: str) -> str:
    found = OPTIONS.search(body)
    return body[: found.start()] if found else body


def _line(prompt: str) -> str:
    """The beginning of its words; numbers that are drawn afresh each time are an ellipsis."""
    return MARKUP.sub("", FENCE.sub("", PLACEHOLDER.sub("…", prompt))).strip()[:LONGEST]
