"""Data augmentation: crop with padding, flip, cutout (DeVries & Taylor, 2017), mixup (Zhang et al., 2018).

    normalise   (x[n, c] − mean[c]) / std[c]
    mixup       λₙ xₙ + (1 − λₙ) x_π(n),  λₙ yₙ + (1 − λₙ) y_π(n)

All draws are made for the whole batch at once, one for each image, from the generator given.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot, pad


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    center = images.new_tensor(mean).view(-1, 1, 1)  # (C, 1, 1)
    scale = images.new_tensor(std).view(-1, 1, 1)
    return (images - center) / scale


def random_crop(images: Tensor, padding: int, generator: Generator | None = None) -> Tensor:
    samples, _, height, width = images.shape
    padded = pad(images, (padding, padding, padding, padding))
    top = torch.randint(2 * padding + 1, (samples,), generator=generator, device=images.device)
    left = torch.randint(2 * padding + 1, (samples,), generator=generator, device=images.device)
    cuts = []
    for image, y, x in zip(padded, top.tolist(), left.tolist(), strict=True):
        cuts.append(image[:, y : y + height, x : x + width])
    return torch.stack(cuts)


def random_flip(images: Tensor, p: float = 0.5, generator: Generator | None = None) -> Tensor:
    coins = torch.rand(images.shape[0], generator=generator, device=images.device)
    mirrored = coins < p
    return torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)


def cutout(images: Tensor, size: int, generator: Generator | None = None) -> Tensor:
    samples, _, height, width = images.shape
    row = torch.randint(height, (samples, 1), generator=generator, device=images.device)
    column = torch.randint(width, (samples, 1), generator=generator, device=images.device)
    down = torch.arange(height, device=images.device) - (row - size // 2)  # (N, H), 0 at the upper edge
    across = torch.arange(width, device=images.device) - (column - size // 2)  # (N, W)
    rows = (down >= 0) & (down < size)
    columns = (across >= 0) & (across < size)
    hole = rows[:, None, :, None] & columns[:, None, None, :]  # (N, 1, H, W)
    return images.masked_fill(hole, 0.0)


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    samples = images.shape[0]
    partner = torch.randperm(samples, generator=generator, device=images.device)
    weight = torch.rand(samples, generator=generator, device=images.device, dtype=images.dtype)  # λ
    targets = one_hot(labels, num_classes).to(images.dtype)  # (N, K)
    of_image = weight.view(-1, 1, 1, 1)
    mixed = of_image * images + (1 - of_image) * images[partner]
    of_label = weight.view(-1, 1)
    soft = of_label * targets + (1 - of_label) * targets[partner]
    return mixed, soft
