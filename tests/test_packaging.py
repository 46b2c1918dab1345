"""What is installed elsewhere works as the checkout does: the wheel, with all its content, and the two entry points."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel in an environment of its own, without dependencies: those are borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    home = folder / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    purelib = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(home / "bin" / "python"),
            "install",
            "--no-deps",
            "--no-index",
            str(wheel),
        ],
        check=True,
        capture_output=True,
    )
    # Beside it, not before it: an editable dlkata of this environment must not be what is imported.
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (purelib / "borrowed.pth").write_text("\n".join(borrowed), encoding="utf-8")
    return home


def run(home: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(home / "bin" / "dlkata"), *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
    )


def test_the_wheel_holds_all_content_and_no_stray_packages(installed):
    (package,) = installed.rglob("site-packages/dlkata")
    content = package / "_content"
    for folder, pattern in [
        ("katas", "*.*"),
        ("solutions", "*.*"),
        ("tests/katas", "test_*.py"),
        ("tests/proofs/katas", "*.toml"),
        ("questions", "*/README.md"),
        ("paths", "*.md"),
    ]:
        here = {f.relative_to(ROOT / folder) for f in (ROOT / folder).glob(pattern)}
        there = {f.relative_to(content / folder) for f in (content / folder).glob(pattern)}
        assert here == there and here
    assert (content / "tests" / "katas" / "data" / "digits.npz").exists()
    assert not {"tests", "katas", "solutions", "questions", "paths"} & {
        path.name for path in package.parent.iterdir()
    }


def test_the_installed_wheel_starts_and_grades(installed, tmp_path, home):
    listed = run(installed, "list", cwd=tmp_path)
    assert listed.returncode == 0 and "layernorm" in listed.stdout
    opened = run(installed, "kata", "layernorm", cwd=tmp_path)
    assert opened.returncode == 0, opened.stderr
    attempt = home / "work" / "layernorm.py"
    assert attempt.exists()
    attempt.write_text((ROOT / "solutions" / "layernorm.py").read_text(encoding="utf-8"), encoding="utf-8")
    checked = run(installed, "check", "layernorm", "--json", cwd=tmp_path)
    answer = json.loads(checked.stdout)
    assert checked.returncode == 0 and answer["passed"], checked
    graded_by = run(installed, "doctor", "--json", cwd=tmp_path)
    assert json.loads(graded_by.stdout)[0]["ok"]


def test_python_m_dlkata_is_the_same_command(dlkata):
    assert dlkata("--version").out.startswith("dlkata 0.")
