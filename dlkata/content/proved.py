"""What the proof of a kata has seen of its known bugs: which tests each one fails. What cannot be it is not tried."""

import tomllib
from hashlib import sha256
from pathlib import Path

FOLDER = Path("tests", "proofs", "katas")
PROVED_SEED = 0
TESTS, OF = "tests", "of"  # beside the labels of the bugs


def proof_file(root: Path, stem: str) -> Path:
    return root / FOLDER / f"{stem}.toml"


def fails_proved(suite_file: Path) -> dict[str, frozenset[str]]:
    """By label of a spelling; nothing where the kata was not proved, or has changed since."""
    root, stem = suite_file.parents[2], suite_file.stem.removeprefix("test_")
    try:
        with proof_file(root, stem).open("rb") as file:
            fails = tomllib.load(file)["fails"]
        tests = fails.pop(TESTS).split()
        if fails.pop(OF) != digest_of(root, stem):
            return {}
        return {label: frozenset(tests[int(n)] for n in numbers.split()) for label, numbers in fails.items()}
    except (OSError, ValueError, KeyError, AttributeError, IndexError):
        return {}


def table_of(root: Path, stem: str, fails: dict[str, list[str]]) -> dict[str, str]:
    """As it is written down: the names of the tests once, and their numbers."""
    tests = sorted({test for names in fails.values() for test in names})
    numbers = {label: " ".join(str(tests.index(name)) for name in names) for label, names in fails.items()}
    return {TESTS: " ".join(tests), OF: digest_of(root, stem), **numbers}


def digest_of(root: Path, stem: str) -> str:
    """Of what decides which tests a bug fails."""
    files = (f"solutions/{stem}.py", f"solutions/{stem}.toml", f"tests/katas/test_{stem}.py")
    return sha256(b"\0".join((root / file).read_bytes() for file in files)).hexdigest()[:16]
