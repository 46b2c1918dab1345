from collections.abc import Sequence

import torch
from torch import Generator, Tensor


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    raise NotImplementedError


def random_crop(images: Tensor, padding: int, generator: Generator | None = None) -> Tensor:
    raise NotImplementedError


def random_flip(images: Tensor, p: float = 0.5, generator: Generator | None = None) -> Tensor:
    raise NotImplementedError


def cutout(images: Tensor, size: int, generator: Generator | None = None) -> Tensor:
    raise NotImplementedError


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    raise NotImplementedError
