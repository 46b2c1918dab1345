"""Attempts at `attention` for the engine's tests: a right one, into which a fault is written."""

import json
import os
import threading
from pathlib import Path
from typing import TextIO

# Only test_half_precision reaches the fault: the others must still be graded.
RIGHT = """\
import math
import os
import sys

import torch

{top}

def attention(q, k, v, mask=None):
    if {when}:
        {fault}
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, -1) @ v
"""
ROOT = Path(__file__).parent.parent
HALF = "q.dtype == torch.bfloat16 and q.requires_grad and q.shape == (2, 5, 16)"


# How a test finds a process that may not write where the test reads.
NAMES_ITSELF = "torch._C._set_thread_name('named-by-a-test')"
PATIENCE = 60  # seconds for an attempt to get where a test waits for it


def named() -> int:
    """The process that ran NAMES_ITSELF."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text(encoding="utf-8").strip() == "named-by-a-test":
                return int(comm.parent.name)
        except OSError:
            pass  # it has ended meanwhile
    raise AssertionError("there is no such process")


def open_gate(gate: Path) -> TextIO:
    """A FIFO for writing, as soon as an attempt reads it. If none ever does, the test fails."""
    opened: list[TextIO] = []
    waiting = threading.Thread(target=lambda: opened.append(gate.open("w", encoding="utf-8")), daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    if not opened:
        os.close(os.open(gate, os.O_RDONLY | os.O_NONBLOCK))  # which lets the thread go
        raise AssertionError("nobody came to read")
    return opened[0]


def attempt(folder: Path, fault: str = "pass", *, when: str = HALF, top: str = "") -> Path:
    file = folder / "attention.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        RIGHT.format(top=top, when=when, fault=fault.replace("\n", "\n        ")), encoding="utf-8"
    )
    return file


def graded(ran) -> dict:
    """The object that `check --json` printed."""
    return json.loads(ran.out)


def outcomes(answer: dict) -> dict[str, str]:
    return {test["name"]: test["outcome"] for test in answer["tests"]}


def messages(answer: dict) -> str:
    said = [test["message"] for test in answer["tests"]] + answer["tampered"]
    said += [f"{ban['call']} line {ban['line']}" for ban in answer["banned"]]
    said.append(answer.get("problem", {}).get("message", ""))
    return "\n".join(said)


def pack_of(folder: Path, *stems: str) -> Path:
    """A pack with copies of built-in katas."""
    for stem in stems:
        for file in (
            f"katas/{stem}.md", f"katas/{stem}.py", f"solutions/{stem}.py", f"solutions/{stem}.toml",
            f"tests/katas/test_{stem}.py",
        ):  # fmt: skip
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text((ROOT / file).read_text(encoding="utf-8"), encoding="utf-8")
    return folder
