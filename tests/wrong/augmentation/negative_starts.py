# mistake: A negative start is not clipped to 0, so Python counts it from the end and squares at the upper or left edge vanish.
# bug: counted_from_the_end
from collections.abc import Sequence

import torch
from torch import Generator, Tensor


def roll_dice(high, generator, images):
    return int(torch.randint(high, (1,), generator=generator, device=images.device))


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    planes = []
    for c in range(images.shape[1]):
        planes.append((images[:, c] - float(mean[c])) / float(std[c]))
    return torch.stack(planes, dim=1)


def random_crop(images: Tensor, padding: int, generator: Generator | None = None) -> Tensor:
    n, c, h, w = images.shape
    out = []
    for image in images:
        big = image.new_zeros(c, h + 2 * padding, w + 2 * padding)
        big[:, padding : padding + h, padding : padding + w] = image
        top = roll_dice(2 * padding + 1, generator, images)
        left = roll_dice(2 * padding + 1, generator, images)
        out.append(big[:, top : top + h, left : left + w])
    return torch.stack(out)


def random_flip(images: Tensor, p: float = 0.5, generator: Generator | None = None) -> Tensor:
    out = []
    for image in images:
        coin = torch.rand(1, generator=generator, device=images.device).item()
        out.append(image.flip(2) if coin < p else image)
    return torch.stack(out)


def cutout(images: Tensor, size: int, generator: Generator | None = None) -> Tensor:
    h, w = images.shape[-2:]
    out = images.clone()
    for n in range(len(images)):
        top = roll_dice(h, generator, images) - size // 2
        left = roll_dice(w, generator, images) - size // 2
        out[n, :, top : top + size, left : left + size] = 0
    return out


def mixup(
    images: Tensor, labels: Tensor, num_classes: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    n = len(images)
    order = torch.randperm(n, generator=generator, device=images.device).tolist()
    mixed, soft = [], []
    for i in range(n):
        lam = torch.rand((), generator=generator, dtype=images.dtype, device=images.device)
        j = order[i]
        mixed.append(lam * images[i] + (1 - lam) * images[j])
        row = torch.zeros(num_classes, dtype=images.dtype, device=images.device)
        row[labels[i]] += lam
        row[labels[j]] += 1 - lam
        soft.append(row)
    return torch.stack(mixed), torch.stack(soft)
