import torch
import torch.nn.functional as F


def normalise(images, mean, std):
    out = images.clone()
    for c in range(images.shape[1]):
        out[:, c].sub_(mean[c]).div_(std[c])
    return out


def random_crop(images, padding, generator=None):
    """A canvas; every place that was drawn at least once is filled at one stroke."""
    h, w = images.shape[-2:]
    drawn = torch.rand(len(images), 2, generator=generator, device=images.device, dtype=torch.float64)
    drawn = drawn.mul_(2 * padding + 1).floor_().long()
    padded = F.pad(images, 4 * (padding,))
    out = torch.zeros_like(images)
    for y, x in drawn.unique(dim=0).tolist():
        these = (drawn == torch.tensor([y, x], device=images.device)).all(1)
        out[these] = padded[these, :, y : y + h, x : x + w]
    return out


def random_flip(images, p=0.5, generator=None):
    turned = (
        torch.bernoulli(torch.full((len(images),), float(p), device=images.device), generator=generator) == 1
    )
    out = images.clone()
    out[turned] = images[turned].flip(3)
    return out


def cutout(images, size, generator=None):
    out = images.clone()
    n, _, h, w = images.shape
    for y in range(h):
        for x in range(w):
            if y == x == 0:
                centre = torch.randint(h * w, (n,), generator=generator, device=images.device)
                row, column = centre.div(w, rounding_mode="floor"), centre.remainder(w)
            hit = ((y - row + size // 2).clamp(0, size - 1) == y - row + size // 2) & (
                (x - column + size // 2).clamp(0, size - 1) == x - column + size // 2
            )
            out[hit, :, y, x] = 0
    return out


def mixup(images, labels, num_classes, generator=None):
    n = images.shape[0]
    lam = torch.empty(n, dtype=images.dtype, device=images.device).uniform_(generator=generator)
    order = torch.randperm(n, generator=generator, device=images.device)
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(n, device=images.device)
    one = F.one_hot(labels, num_classes).to(images.dtype)
    share = lam[:, None, None, None]
    return images * share + images[inverse] * (1 - share), one * lam[:, None] + one[inverse] * (
        1 - lam[:, None]
    )
