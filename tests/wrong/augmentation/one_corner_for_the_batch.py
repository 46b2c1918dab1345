# mistake: random_crop draws one corner for the whole batch.
# bug: one_cut_for_all
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    mean = torch.tensor(mean, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    std = torch.tensor(std, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    return (images - mean) / std


def random_crop(images: Tensor, padding: int, generator: Generator | None = None) -> Tensor:
    h, w = images.shape[-2:]
    padded = F.pad(images, (padding, padding, padding, padding))
    top, left = torch.randint(0, 2 * padding + 1, (2,), generator=generator, device=images.device).tolist()
    return padded[:, :, top : top + h, left : left + w]


def random_flip(images: Tensor, p: float = 0.5, generator: Generator | None = None) -> Tensor:
    flip = torch.rand(images.shape[0], generator=generator, device=images.device) < p
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(-1), images)


def cutout(images: Tensor, size: int, generator: Generator | None = None) -> Tensor:
    n, _, h, w = images.shape
    r = torch.randint(0, h, (n, 1), generator=generator, device=images.device)
    c = torch.randint(0, w, (n, 1), generator=generator, device=images.device)
    rows = torch.arange(h, device=images.device) - (r - size // 2)
    cols = torch.arange(w, device=images.device) - (c - size // 2)
    in_rows = (rows >= 0) & (rows < size)
    in_cols = (cols >= 0) & (cols < size)
    hole = in_rows[:, None, :, None] & in_cols[:, None, None, :]
    return images.masked_fill(hole, 0.0)


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    n = images.shape[0]
    perm = torch.randperm(n, generator=generator, device=images.device)
    lam = torch.rand(n, generator=generator, dtype=images.dtype, device=images.device)
    onehot = F.one_hot(labels, num_classes).to(images.dtype)
    l4 = lam.view(-1, 1, 1, 1)
    l2 = lam.view(-1, 1)
    mixed = l4 * images + (1 - l4) * images[perm]
    soft = l2 * onehot + (1 - l2) * onehot[perm]
    return mixed, soft
