"""Seeded inputs on the graded device, and real data."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dlkata.suite.settings import setting


def normal(
    seed: int,
    *shapes: tuple[int, ...],
    scale: float = 1.0,
    dtype: torch.dtype | None = None,
    grad: bool = True,
) -> list[Tensor]:
    """Fresh leaf tensors, one a shape, standard normal × scale, on the graded device; the same for one seed."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [scale * torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return [x.to(setting.device, dtype or setting.dtype).requires_grad_(grad) for x in drawn]


def integers(seed: int, high: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Fresh int64 tensors with values in [0, high), on the graded device."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(high, shape, generator=generator).to(setting.device) for shape in shapes]


def place(module: torch.nn.Module) -> torch.nn.Module:
    """The module on the graded device, in the graded precision."""
    return module.to(setting.device, setting.dtype)


def digits() -> tuple[Tensor, Tensor]:
    """1,797 handwritten digits: images (1797, 8, 8) in [0, 1], float32, and labels (1797,), on the graded device."""
    from dlkata.content.roots import BUILT_IN

    with np.load(BUILT_IN / "tests" / "katas" / "data" / "digits.npz") as data:
        images, labels = torch.tensor(data["images"]), torch.tensor(data["labels"])
    return (images.float() / 16).to(setting.device), labels.long().to(setting.device)


def data_file(suite: str, name: str) -> Path:
    """A file of the data folder beside the suite: `data_file(__file__, "wells.txt")`."""
    return Path(suite).parent / "data" / name
