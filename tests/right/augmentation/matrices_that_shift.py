from collections.abc import Sequence

import torch
from torch import Generator, Tensor


def draw(images, *highs, generator):
    """One integer below each of highs, for each image."""
    return [torch.randint(m, (len(images),), generator=generator, device=images.device) for m in highs]


def select(shift, n, like):
    """(N, n, n) matrices that move rows by shift and fill with zeros."""
    i = torch.arange(n, device=like.device)
    return (i[:, None] + shift[:, None, None] == i).to(like.dtype)


def along(lengths, start, n, like):
    i = torch.arange(n, device=like.device)
    return ((i >= start[:, None]) & (i < start[:, None] + lengths)).to(like.dtype)


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    m, s = (torch.as_tensor(v, dtype=images.dtype, device=images.device) for v in (mean, std))
    return torch.einsum("nchw,c->nchw", images - m[:, None, None], 1 / s)


def random_crop(images: Tensor, padding: int, generator: Generator | None = None) -> Tensor:
    r, c = draw(images, 2 * padding + 1, 2 * padding + 1, generator=generator)
    a, b = (select(s - padding, n, images) for s, n in zip((r, c), images.shape[-2:]))
    return torch.einsum("nih,nchw,njw->ncij", a, images, b)


def random_flip(images: Tensor, p: float = 0.5, generator: Generator | None = None) -> Tensor:
    m = (torch.rand(len(images), generator=generator, device=images.device) < p).to(images.dtype)
    return torch.einsum("n,nchw->nchw", m, images.flip(-1)) + torch.einsum("n,nchw->nchw", 1 - m, images)


def cutout(images: Tensor, size: int, generator: Generator | None = None) -> Tensor:
    r, c = draw(images, *images.shape[-2:], generator=generator)
    a, b = (along(size, s - size // 2, n, images) for s, n in zip((r, c), images.shape[-2:]))
    return images * (1 - torch.einsum("nh,nw->nhw", a, b))[:, None]


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    pi = torch.randperm(len(images), generator=generator, device=images.device)
    lam = torch.rand(len(images), generator=generator, device=images.device, dtype=images.dtype)
    mix = (
        torch.diag(lam)
        + (1 - lam)[:, None] * torch.eye(len(images), dtype=images.dtype, device=images.device)[pi]
    )
    hot = torch.eye(num_classes, dtype=images.dtype, device=images.device)[labels]
    return torch.einsum("nm,mchw->nchw", mix, images), mix @ hot
