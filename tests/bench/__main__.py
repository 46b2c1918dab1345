"""`python -m tests.bench [NAME…]`: a table of ratios."""

import os
import sys
import tempfile
from importlib import import_module

NAMES = ("startup", "cold", "saving", "parallel", "growth", "quiz", "browse")


def main() -> None:
    with tempfile.TemporaryDirectory() as home:  # nothing of the user's is read or written
        os.environ.update(
            HOME=home, DLKATA_HOME=f"{home}/data", DLKATA_WORKSPACE=f"{home}/work", XDG_RUNTIME_DIR=home
        )
        print("| measure | ratio | target |\n| --- | --- | --- |")
        for name in sys.argv[1:] or NAMES:
            for label, ratio, target in import_module(f"tests.bench.{name}").rows():
                print(f"| {label} | {ratio:.2f} | {target} |", flush=True)


if __name__ == "__main__":
    main()
