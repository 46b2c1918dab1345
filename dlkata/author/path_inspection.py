"""What can be said of a path's page: one sentence for each thing that is not as it must be."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dlkata.author.inspection import CHINESE
from dlkata.content.learning_path import LearningPath
from dlkata.content.library import Library
from dlkata.errors import DlkataError
from dlkata.locale import _


def inspect_path(name: str, library: Library) -> list[str]:
    """Every complaint about a path's page."""
    try:
        path = library.path(name)
    except DlkataError as error:
        return [f"{error.message} {error.remedy}".strip()]
    concepts = {entry.name: entry.after for entry in library.index.concepts.values()}
    katas = {kata.name: kata.head.after for kata in library.katas}
    return [
        *_languages(path),
        *_stages(path),
        *_steps(_all(path, "concepts"), concepts, _("concept")),
        *_steps(_all(path, "katas"), katas, _("kata")),
    ]


def _languages(path: LearningPath) -> Iterator[str]:
    english = [path.sections["en"].title, path.sections["en"].body, *(s.en for s in path.head.stages)]
    chinese = [path.sections["zh"].title, path.sections["zh"].body, *(s.zh for s in path.head.stages)]
    for text in english:
        if not text.strip() or CHINESE.search(text):
            yield _("no English, or Chinese in the English text: {text}", text=text[:50])
    for text in chinese:
        if not CHINESE.search(text):
            yield _("no Chinese in the Chinese text: {text}", text=text[:50])


def _stages(path: LearningPath) -> Iterator[str]:
    for number, stage in enumerate(path.head.stages, 1):
        if not stage.concepts and not stage.katas:
            yield _("stage {number} is empty.", number=number)


def _all(path: LearningPath, kind: str) -> list[str]:
    return [name for stage in path.head.stages for name in getattr(stage, kind)]


def _steps(names: Sequence[str], after: Mapping[str, Sequence[str]], kind: str) -> Iterator[str]:
    """Names that exist, each once, none before what it builds on."""
    for name, times in Counter(names).items():
        if name not in after:
            yield _("names the {kind} `{name}`, which does not exist.", kind=kind, name=name)
        elif times > 1:
            yield _("names the {kind} `{name}` twice.", kind=kind, name=name)
    for place, name in enumerate(names):
        for other in after.get(name, ()):
            if other in names[place + 1 :]:
                yield _("`{name}` builds on `{other}`, which comes later.", name=name, other=other)
