"""A concept's page on the screen, and the list of all concepts."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from dlkata.content.concept import Concept
from dlkata.content.index import ConceptEntry
from dlkata.content.library import Library
from dlkata.content.search import Hit
from dlkata.locale import LANGUAGES, _, language
from dlkata.study.mastery import Known, Mastery
from dlkata.ui.marks import sign, standing_line
from dlkata.ui.page import layout
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

MOST_HITS = 15
STRONG, QUIET, COMMAND = "bold", "dim", "cyan"


def explanation(concept: Concept, width: int, known: Known | None = None) -> list["Text"]:
    """`known`: what the learner knows of it, said under the title."""
    from rich.text import Text

    return [
        *wrap(Text(concept.title, style=STRONG), width),
        *(wrap(standing_line(known), width) if known is not None else []),
        Text(),
        *layout(concept.section.body, width),
    ]


def practice(concept: Concept, kata: str, run: str, width: int) -> list["Text"]:
    """What to do with it now."""
    from rich.text import Text

    steps = [(_("Its questions: "), f"{run} quiz --concept {concept.typed}")]
    if kata:
        steps.append((_("Practise it: "), f"{run} kata {kata}"))
    lines = [Text()]
    for said, command in steps:
        lines += wrap(Text.assemble((said, QUIET), (command, COMMAND)), width)
    return lines


def _by_topic(library: Library) -> list[ConceptEntry]:
    topics = {topic.name: topic.order for topic in library.topics}
    entries = [entry for entry in library.index.concepts.values() if not entry.error]
    return sorted(entries, key=lambda c: (topics.get(c.topic, 10**6), c.topic, c.order, c.name))


def all_concepts(library: Library, known: Mastery, width: int) -> list["Text"]:
    """Marks and names first: they are what is typed, and titles may hold characters of unsure width."""
    from rich.text import Text

    titles = {topic.name: topic.title for topic in library.topics}
    entries = _by_topic(library)
    size = max((len(entry.name) for entry in entries), default=0)
    lines: list[Text] = []
    for topic, group in groupby(entries, key=lambda entry: entry.topic):
        lines += [Text(), Text(titles.get(topic, topic), style=STRONG)] if lines else [Text(titles.get(topic, topic), style=STRONG)]  # fmt: skip
        for entry in group:
            lines += _row(entry, known, size, width)
    return lines


def _row(entry: ConceptEntry, known: Mastery, size: int, width: int) -> list["Text"]:
    from rich.text import Text

    mark = sign(known.of_concept(entry).mark)
    rows = wrap(Text(title_of(entry)), max(20, width - size - 6))
    name = entry.name.replace("_", "-")
    first = Text.assemble("  ", mark, " ", (name.ljust(size), COMMAND), "  ", rows[0])
    return [first, *(Text.assemble(" " * (size + 6), row) for row in rows[1:])]


def found(hits: Sequence[Hit], known: Mastery, run: str, width: int) -> list["Text"]:
    """What speaks of the words that were looked for: titles first, then whoever says them most."""
    from rich.text import Text

    shown = hits[:MOST_HITS]
    size = max(len(hit.entry.name) for hit in shown)
    lines = [row for hit in shown for row in _row(hit.entry, known, size, width)]
    if len(hits) > len(shown):
        more = _("and {count} more; another word narrows it down", count=len(hits) - len(shown))
        lines += wrap(Text(more, style=QUIET), width)
    return [*lines, Text(), *wrap(Text(_("Open one: {command}", command=f"{run} why NAME")), width)]


def hit_as_json(hit: Hit) -> dict[str, Any]:
    entry = hit.entry
    return {
        "name": entry.name,
        "title": title_of(entry),
        "topic": entry.topic,
        "titled": hit.titled,
        "times": hit.times,
    }


def title_of(entry: ConceptEntry) -> str:
    return entry.titles[LANGUAGES.index(language())] if entry.titles else entry.name


def all_concepts_as_json(library: Library, known: Mastery) -> list[dict[str, Any]]:
    return [
        {
            "name": e.name,
            "title": title_of(e),
            "topic": e.topic,
            "questions": len(e.questions),
            "mark": known.of_concept(e).mark.value,
        }
        for e in _by_topic(library)
    ]
