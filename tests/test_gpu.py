"""`make gpu` says what differs on a GPU, and nothing where there is none."""

import subprocess
import sys

import torch

from tests.bench import gpu


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.bench.gpu", *arguments], capture_output=True, encoding="utf-8"
    )


def test_without_a_gpu_it_says_so_and_exits_0():
    if torch.cuda.is_available():
        return
    done = run()
    assert done.returncode == 0 and done.stdout == "There is no cuda device here: nothing was run.\n", done


def test_each_attempt_is_set_beside_the_cpu():
    """With the CPU in the place of a GPU."""
    done = run("cosine_lr", "--device", "cpu")
    lines = done.stdout.strip().split("\n")
    assert done.returncode == 0, done
    assert lines[2].startswith("| cosine_lr | reference | passes | passes |")
    assert sum("| named | named |" in line for line in lines) == gpu.BUGS
    assert "0 not as they must be" in lines[-1]
