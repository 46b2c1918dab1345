"""A path: concepts and katas in the order in which they lead somewhere, stage by stage."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dlkata.content.page import Section, read_page
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _, language


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    en: Annotated[str, Meta(min_length=1)]
    zh: Annotated[str, Meta(min_length=1)]
    concepts: list[str] = []
    katas: list[str] = []

    @property
    def title(self) -> str:
        return self.zh if language() == "zh" else self.en


class PathHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: int
    days: Annotated[int, Meta(ge=1, le=365)]
    minutes: Annotated[int, Meta(ge=5, le=600)]  # a day
    stages: Annotated[list[Stage], Meta(min_length=1)]


@dataclass(frozen=True)
class LearningPath:
    name: str  # the stem, with the pack's name before it
    file: Path
    head: PathHead
    sections: dict[str, Section]

    @property
    def typed(self) -> str:
        """The name as a learner types it."""
        return self.name.replace("_", "-")

    @property
    def section(self) -> Section:
        return self.sections[language()]

    @property
    def title(self) -> str:
        return self.section.title

    @property
    def concepts(self) -> list[str]:
        return list(dict.fromkeys(name for stage in self.head.stages for name in stage.concepts))

    @property
    def katas(self) -> list[str]:
        return list(dict.fromkeys(name for stage in self.head.stages for name in stage.katas))

    def named(self, concept: Callable[[str], str], kata: Callable[[str], str]) -> "LearningPath":
        """The same path, its steps by the names they have in the library."""
        stages = [
            msgspec.structs.replace(
                stage, concepts=list(map(concept, stage.concepts)), katas=list(map(kata, stage.katas))
            )
            for stage in self.head.stages
        ]
        head = msgspec.structs.replace(self.head, stages=stages)
        return LearningPath(self.name, self.file, head, self.sections)


def path_files(root: Path) -> Iterator[Path]:
    for file in sorted((root / "paths").glob("*.md")):
        if file.stem != "README":
            yield file


def read_learning_path(file: Path, prefix: str = "") -> LearningPath:
    page = read_page(file)
    if len(page.parts) != 1 or not page.parts[0].head:
        raise DlkataError(
            _("{file}: a path's page has exactly one head.", file=file),
            _("Begin it with `+++`, the fields, `+++`."),
        )
    part = page.parts[0]
    for lang in LANGUAGES:
        if lang not in part.sections or not part.sections[lang].title:
            raise DlkataError(
                _("{file}: no section `# {lang}: …` with a title.", file=file, lang=lang),
                _("Say in both languages where it leads."),
            )
    return LearningPath(prefix + file.stem, file, page.head(part, PathHead), part.sections)
