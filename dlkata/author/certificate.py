"""What was proved of a piece of content, and of which content exactly: one file a kata, one a topic.

A certificate is valid as long as nothing has changed by a byte of what the proof depends on. It is written by the
program alone: a seal over all its fields tells when somebody else has.
"""

import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import msgspec

from dlkata.author.proof import attempts
from dlkata.content.concept import Concept
from dlkata.content.kata import Kata
from dlkata.content.page import decode_toml
from dlkata.content.proved import proof_file
from dlkata.content.roots import PACKAGE

FOLDER = Path("tests", "proofs")
# Of the engine: what suites import, what runs inside a worker, when two journals say the same.
JUDGES = ("suite", "grading/work", "grading/explain/journal.py")
# What gives a mistake its name: it changes what is said of rejected attempts, never who is rejected.
NAMERS = ("grading/explain/diagnosis.py",)
# (Where a mistake lies, `grading/place`, no certificate claims.)
NOTE = "# Written by `dlkata author prove`. Whoever edits it breaks its seal."


Figures = dict[str, str | int | float]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digest: str
    python: str
    torch: str
    figures: Figures
    naming: str = ""  # of a kata: the digest with what gives mistakes their names
    fails: dict[str, str] = {}  # of a kata: which tests each known bug fails, see content/proved.py
    concepts: dict[str, Figures] = {}  # of a topic, by name; with the digest of each
    seal: str = ""

    def sealed(self) -> "Certificate":
        return msgspec.structs.replace(self, seal=self._seal())

    @property
    def intact(self) -> bool:
        """As it was written."""
        return self.seal == self._seal()

    def _seal(self) -> str:
        filled = {
            name: value for name, value in msgspec.structs.asdict(self).items() if value and name != "seal"
        }
        return sha256(msgspec.json.encode(filled, order="sorted")).hexdigest()[:16]


def kata_file(kata: Kata) -> Path:
    return proof_file(kata.root, kata.stem)


def topic_file(root: Path, topic: str) -> Path:
    return root / FOLDER / "topics" / f"{topic}.toml"


def kata_digest(kata: Kata) -> str:
    """Of everything that decides who passes."""
    own = [kata.page_file, kata.stub_file, kata.reference_file, kata.solution_file, kata.suite_file]
    return _digest([*own, *attempts(kata, "right")], kata.root, judges_digest())


def naming_digest(kata: Kata, digest: str) -> str:
    """Of everything that decides what is said of those who do not: the kata's `digest`, and the wrong attempts."""
    said = _digest(_engine(NAMERS), PACKAGE, digest)
    return _digest(attempts(kata, "wrong"), kata.root, said)


def bounds_digest(kata: Kata) -> str:
    """Of what a suite's bounds on random numbers depend on."""
    vocabulary = _digest(sorted((PACKAGE / "suite").glob("*.py")), PACKAGE)
    return _digest([kata.stub_file, kata.reference_file, kata.suite_file], kata.root, vocabulary)[:16]


def concept_digest(concept: Concept) -> str:
    """Of a concept's page and its program."""
    files = [file for file in (concept.file, concept.code_file) if file.exists()]
    return _digest(files, concept.file.parents[2])


def topic_digest(digests: Iterable[str]) -> str:
    return sha256("\n".join(digests).encode()).hexdigest()[:32]


def judges_digest() -> str:
    return _digest(_engine(JUDGES), PACKAGE)


def _engine(parts: Iterable[str]) -> Iterator[Path]:
    for part in parts:
        path = PACKAGE / part
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _digest(files: Iterable[Path], root: Path, more: str = "") -> str:
    found = sha256(more.encode())
    for file in files:
        data = file.read_bytes()
        found.update(f"{file.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return found.hexdigest()[:32]


def versions() -> dict[str, str]:
    """Of what decides how numbers come out: a proof under another Python or torch is another proof."""
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "torch": version("torch").partition("+")[0],
    }


def read(file: Path) -> Certificate | None:
    """None where there is none, or none that can be read."""
    try:
        return decode_toml(file.read_text(encoding="utf-8"), Certificate, file)
    except Exception:
        return None


def complaint(certificate: Certificate | None, digest: str, naming: str = "") -> str | None:
    """Why it does not prove everything (any more), in a word or two for the author; None where it does."""
    from dlkata.locale import _

    if certificate is None:
        return _("has no certificate")
    if not certificate.intact:
        return _("its certificate was edited")
    if certificate.digest != digest:
        return _("has changed since it was proved")
    now = versions()
    if (certificate.python, certificate.torch) != (now["python"], now["torch"]):
        return _("was proved under Python {python} and torch {torch}", python=certificate.python, torch=certificate.torch)  # fmt: skip
    if certificate.naming != naming:
        return _("what is said of mistakes has changed since it was proved")
    return None


def write(
    file: Path, digest: str, figures: Figures, *, naming: str = "", fails: dict[str, str] | None = None,
    concepts: dict[str, Figures] | None = None,
) -> Certificate:  # fmt: skip
    certificate = Certificate(
        digest=digest,
        naming=naming,
        figures=figures,
        fails=fails or {},
        concepts=concepts or {},
        **versions(),
    ).sealed()
    names = ("digest", *(["naming"] if naming else []), "python", "torch", "seal")
    lines = [NOTE, *(f"{name} = '{getattr(certificate, name)}'" for name in names)]
    lines += _table("figures", certificate.figures)
    for name, entries in sorted(certificate.concepts.items()):
        lines += _table(f"concepts.{name}", entries)
    if certificate.fails:
        lines += ["", "[fails]", *(f'"{label}" = "{tests}"' for label, tests in certificate.fails.items())]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return certificate


def _table(name: str, entries: Figures) -> list[str]:
    return ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in entries.items())]


def _toml(value: str | int | float) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value)
