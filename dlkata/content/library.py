"""All content: the built-in root and the learner's packs, found by scanning folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import Path

import msgspec

from dlkata.content.concept import Concept, concept_files, read_concept
from dlkata.content.index import ConceptEntry, Index, build_index
from dlkata.content.kata import Kata, read_kata
from dlkata.content.learning_path import LearningPath, path_files, read_learning_path
from dlkata.content.page import Page, Section, read_page
from dlkata.content.question import Question
from dlkata.content.roots import BUILT_IN
from dlkata.errors import DlkataError
from dlkata.locale import _, language

LONGEST_STEM = 200  # beyond that no file system has a file


class TopicHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: int


@dataclass(frozen=True)
class Topic:
    name: str
    order: int
    sections: dict[str, Section]

    @property
    def title(self) -> str:
        return self.sections[language()].title


@dataclass(frozen=True)
class Root:
    path: Path
    prefix: str = ""  # "" for the built-in one, "name/" for a pack


class Library:
    def __init__(self, packs: Sequence[Path] = (), cache: Path | None = None):
        self._pages: dict[str, Concept] = {}
        self.cache = cache  # a folder; without one nothing is kept
        self.roots = [Root(BUILT_IN), *(Root(pack, f"{pack.name}/") for pack in packs)]

    @cached_property
    def kata_names(self) -> list[str]:
        """Every kata's name, read from the folders alone."""
        return [
            root.prefix + file.stem
            for root in self.roots
            for file in sorted((root.path / "katas").glob("*.md"))
            if file.stem != "README"
        ]

    def kata(self, name: str) -> Kata:
        """The kata of that name; hyphens and capitals are forgiven, a miss names what is near."""
        wanted = name.replace("-", "_").lower()
        if wanted not in self.kata_names:
            raise unknown("kata", name, [n.replace("_", "-") for n in self.kata_names])
        prefix, _slash, stem = wanted.rpartition("/")
        root = next(r for r in self.roots if r.prefix.rstrip("/") == prefix)
        return read_kata(root.path, stem, root.prefix)

    @cached_property
    def katas(self) -> list[Kata]:
        """Every kata in learning order."""
        topics = {topic.name: topic.order for topic in self.topics}
        katas = [self.kata(name) for name in self.kata_names]
        return sorted(katas, key=lambda k: (topics.get(k.head.topic, len(topics)), k.head.order, k.name))

    @cached_property
    def topics(self) -> list[Topic]:
        found: dict[str, Topic] = {}
        for root in self.roots:
            for file in sorted((root.path / "questions").glob("*/README.md")):
                found.setdefault(file.parent.name, _read_topic(file))
        return sorted(found.values(), key=lambda topic: (topic.order, topic.name))

    def topic(self, name: str) -> Topic:
        wanted = name.replace("-", "_").lower()
        for topic in self.topics:
            if wanted in (topic.name, topic.title.lower()):
                return topic
        raise unknown("topic", name, [topic.name for topic in self.topics])

    @cached_property
    def concept_names(self) -> list[str]:
        """Every concept's name, read from the folders alone."""
        return [root.prefix + file.stem for root in self.roots for file in concept_files(root.path)]

    def concept(self, name: str) -> Concept:
        """The concept of that name; hyphens and capitals are forgiven, a miss names what is near."""
        wanted = name.replace("-", "_").lower()
        prefix, _slash, stem = wanted.rpartition("/")
        for root in self.roots:
            if root.prefix.rstrip("/") == prefix and len(stem) <= LONGEST_STEM:
                for file in sorted((root.path / "questions").glob(f"*/{escape(stem)}.md")):
                    if stem != "readme" and file.stem != "README":
                        return read_concept(file, root.prefix)
        raise unknown("concept", name, [n.replace("_", "-") for n in self.concept_names])

    @cached_property
    def readable_concepts(self) -> list[Concept]:
        """Every concept in learning order, without the pages that cannot be read: `index.problems` names them."""
        topics = {topic.name: topic.order for topic in self.topics}
        entries = [entry for entry in self.index.concepts.values() if not entry.error]
        entries.sort(key=lambda e: (topics.get(e.topic, len(topics)), e.order, e.name))
        return [self._read(entry) for entry in entries]

    def _read(self, entry: ConceptEntry) -> Concept:
        if entry.file not in self._pages:
            file = Path(entry.file)
            self._pages[entry.file] = read_concept(file, entry.name.removesuffix(file.stem))
        return self._pages[entry.file]

    @cached_property
    def index(self) -> Index:
        """What there is to ask, without reading every page."""
        roots = [(root.path, root.prefix) for root in self.roots]
        return build_index(roots, self.cache / "index.msgpack" if self.cache else None)

    def question(self, name: str) -> Question | None:
        """The question of that id, read from its page; None where there is none (any more)."""
        found = self.index.where(name)
        if found is None:
            return None
        entry, question = found
        return self._read(entry).question(question.stem)

    @cached_property
    def path_names(self) -> list[str]:
        """Every path's name, read from the folders alone."""
        return [root.prefix + file.stem for root in self.roots for file in path_files(root.path)]

    def path(self, name: str) -> LearningPath:
        """The path of that name; hyphens and capitals are forgiven, a miss names what is near."""
        wanted = name.replace("-", "_").lower()
        for root in self.roots:
            for file in path_files(root.path):
                if wanted == root.prefix + file.stem:
                    return self._with_its_steps(read_learning_path(file, root.prefix), root.prefix)
        raise unknown("path", name, [n.replace("_", "-") for n in self.path_names])

    def _with_its_steps(self, path: LearningPath, prefix: str) -> LearningPath:
        """A pack's path means the pack's own concepts and katas first, then ours."""

        def among(names: Sequence[str]) -> Callable[[str], str]:
            return lambda step: prefix + step if prefix + step in names else step

        return path.named(among(self.concept_names), among(self.kata_names))

    @cached_property
    def paths(self) -> list[LearningPath]:
        """Every path, in the order of their heads."""
        return sorted(map(self.path, self.path_names), key=lambda path: (path.head.order, path.name))

    @cached_property
    def contract(self) -> Page:
        return read_page(BUILT_IN / "katas" / "README.md")


def _read_topic(file: Path) -> Topic:
    page = read_page(file)
    part = page.parts[0]
    return Topic(file.parent.name, page.head(part, TopicHead).order, part.sections)


def unknown(kind: str, name: str, names: Sequence[str]) -> DlkataError:
    """The error for a name that is not there, with what the user may have meant."""
    from difflib import get_close_matches

    wanted = name.replace("_", "-").lower()
    near = (
        get_close_matches(wanted, names, n=3, cutoff=0.75)
        or get_close_matches(wanted, names, n=3, cutoff=0.5)
        or [n for n in names if wanted and wanted in n][:3]
    )
    sentence = {
        "kata": _("There is no kata `{name}`."),
        "concept": _("There is no concept `{name}`."),
        "topic": _("There is no topic `{name}`."),
        "path": _("There is no path `{name}`."),
    }[kind]
    everything = {
        "kata": _("`dlkata list` shows all katas."),
        "concept": _("`dlkata why` lists all concepts."),
        "topic": _("Topics: {names}."),
        "path": _("`dlkata path` shows all paths."),
    }[kind]
    remedy = _("Did you mean {names}?", names=", ".join(near)) if near else everything
    return DlkataError(sentence.replace("{name}", name), remedy.replace("{names}", ", ".join(names)))
