"""Sample concepts, for tests of the engine: the real bank may change, these stay."""

from pathlib import Path

from dlkata.content.library import Library, Root

SAMPLE = Path(__file__).parent / "sample"


def sample_library(folder: Path = SAMPLE) -> Library:
    """A library of these concepts alone."""
    library = Library()
    library.roots = [Root(folder)]
    return library
