"""Where content lies: the repository's root in a checkout, dlkata/_content in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
BUILT_IN = PACKAGE / "_content" if (PACKAGE / "_content").is_dir() else PACKAGE.parent
