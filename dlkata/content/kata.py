"""A kata: its page, its stub, its reference, its suite, found by one stem."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dlkata.content.page import Section, read_page, read_text
from dlkata.content.solution import Solution, read_solution
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _, language

FROM_TORCH = re.compile(r"^from torch\b", re.MULTILINE)
IMPORTS_TORCH = re.compile(r"^import torch$", re.MULTILINE)
DOCSTRING = re.compile(r'\s*[rR]?""".*?"""', re.DOTALL)


class KataHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    level: Annotated[int, Meta(ge=1, le=3)]
    minutes: Annotated[int, Meta(ge=1, le=480)]
    topic: Annotated[str, Meta(min_length=1)]
    order: int
    concepts: list[str] = []
    after: list[str] = []
    forbids: list[str] = []
    deadline: Annotated[float, Meta(gt=0, le=600)] = 10.0


@dataclass(frozen=True)
class Kata:
    name: str  # the stem, with the pack's name before it: `pack/attention`
    root: Path
    head: KataHead
    statement: dict[str, Section]

    @property
    def stem(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def typed(self) -> str:
        """The name as a learner types it."""
        return self.name.replace("_", "-")

    @property
    def page_file(self) -> Path:
        return self.root / "katas" / f"{self.stem}.md"

    @property
    def stub_file(self) -> Path:
        return self.root / "katas" / f"{self.stem}.py"

    @property
    def reference_file(self) -> Path:
        return self.root / "solutions" / f"{self.stem}.py"

    @property
    def solution_file(self) -> Path:
        return self.root / "solutions" / f"{self.stem}.toml"

    @property
    def suite_file(self) -> Path:
        return self.root / "tests" / "katas" / f"test_{self.stem}.py"

    @property
    def section(self) -> Section:
        """The statement in the learner's language."""
        return self.statement[language()]

    @property
    def title(self) -> str:
        return self.section.title

    @cached_property
    def stub(self) -> str:
        return read_text(self.stub_file)

    @property
    def opening(self) -> str:
        """The code of a new attempt: the stub, with torch itself at hand where it takes a name from torch."""
        stub = self.stub.lstrip()
        return stub if IMPORTS_TORCH.search(stub) else FROM_TORCH.sub(r"import torch\n\g<0>", stub, count=1)

    def is_untouched(self, attempt: str) -> bool:
        """Whether an attempt holds nothing but what it was created with. The statement above it may be in another
        language, or of another version."""
        return code_lines(attempt) == code_lines(self.stub)

    @cached_property
    def reference(self) -> str:
        return read_text(self.reference_file)

    @cached_property
    def solution(self) -> Solution:
        return read_solution(self.solution_file)

    @cached_property
    def names(self) -> list[str]:
        """What the attempt must define: the public functions and classes of the stub. None where that cannot be parsed:
        its author is told by `author check`, and nobody else is stopped by it."""
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        try:
            body = ast.parse(self.stub).body
        except (SyntaxError, ValueError):
            return []
        return [node.name for node in body if isinstance(node, definitions) and not node.name.startswith("_")]


def code_lines(source: str) -> list[str]:
    """The lines of a file that hold code or comments, without imports and the docstring it begins with. Not parsed:
    home and list look at every attempt there is, and some are broken."""
    docstring = DOCSTRING.match(source)
    rest = source[docstring.end() :] if docstring else source
    lines = [line.rstrip() for line in rest.split("\n") if line.strip()]
    return [line for line in lines if not line.startswith(("import ", "from "))]


def read_kata(root: Path, stem: str, prefix: str = "") -> Kata:
    page = read_page(root / "katas" / f"{stem}.md")
    if len(page.parts) != 1 or not page.parts[0].head:
        raise DlkataError(
            _("{file}: a kata's page has exactly one head.", file=page.file),
            _("Begin it with `+++`, the fields, `+++`."),
        )
    part = page.parts[0]
    for lang in LANGUAGES:
        if lang not in part.sections or not part.sections[lang].title:
            raise DlkataError(
                _("{file}: no section `# {lang}: …` with a title.", file=page.file, lang=lang),
                _("Write the statement in both languages."),
            )
    return Kata(prefix + stem, root, page.head(part, KataHead), part.sections)
