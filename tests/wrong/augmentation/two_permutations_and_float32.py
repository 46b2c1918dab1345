# mistake: Images and labels are mixed with permutations of their own, and the soft labels are float32 whatever the images are.
# bug: soft_labels_in_float32
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def shuffled(x, generator):
    return x[torch.randperm(len(x), generator=generator, device=x.device)]


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    mean = torch.tensor(mean, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    std = torch.tensor(std, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
    return (images - mean) / std


def random_crop(images: Tensor, padding: int, generator: Generator | None = None) -> Tensor:
    n, _, h, w = images.shape
    padded = F.pad(images, (padding, padding, padding, padding))
    top = torch.randint(0, 2 * padding + 1, (n,), generator=generator, device=images.device)
    left = torch.randint(0, 2 * padding + 1, (n,), generator=generator, device=images.device)
    rows = top[:, None] + torch.arange(h, device=images.device)
    cols = left[:, None] + torch.arange(w, device=images.device)
    index = torch.arange(n, device=images.device)
    out = padded.permute(0, 2, 3, 1)[index[:, None, None], rows[:, :, None], cols[:, None, :]]
    return out.permute(0, 3, 1, 2)


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
    lam = torch.rand(len(images), generator=generator, device=images.device).to(images.dtype)
    onehot = F.one_hot(labels, num_classes).float()
    a = lam[:, None, None, None]
    b = lam[:, None].float()
    mixed = a * images + (1 - a) * shuffled(images, generator)
    soft = b * onehot + (1 - b) * shuffled(onehot, generator)
    return mixed, soft
