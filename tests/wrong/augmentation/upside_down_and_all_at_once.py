# mistake: Two at once: images are turned upside down, and one coin decides for all.
# bug: upside_down + one_coin_for_all
import torch
import torch.nn.functional as F


def normalise(images, mean, std):
    m = torch.tensor(mean, dtype=images.dtype, device=images.device)
    s = torch.tensor(std, dtype=images.dtype, device=images.device)
    return (images - m[:, None, None]) / s[:, None, None]


def random_crop(images, padding, generator=None):
    n, c, h, w = images.shape
    big = F.pad(images, [padding] * 4)
    place = torch.randint(0, 2 * padding + 1, (n, 2), generator=generator, device=images.device)
    rows = place[:, :1] + torch.arange(h, device=images.device)
    cols = place[:, 1:] + torch.arange(w, device=images.device)
    return big[
        torch.arange(n)[:, None, None, None],
        torch.arange(c)[:, None, None],
        rows[:, None, :, None],
        cols[:, None, None, :],
    ]


def random_flip(images, p=0.5, generator=None):
    u = torch.rand(1, 1, 1, 1, generator=generator, device=images.device)
    return torch.where(u < p, images.flip(2), images)


def cutout(images, size, generator=None):
    n, c, h, w = images.shape
    cy = torch.randint(0, h, (n, 1, 1), generator=generator, device=images.device)
    cx = torch.randint(0, w, (n, 1, 1), generator=generator, device=images.device)
    ys = torch.arange(h, device=images.device)[:, None]
    xs = torch.arange(w, device=images.device)
    y0, x0 = cy - size // 2, cx - size // 2
    hole = (ys >= y0) & (ys < y0 + size) & (xs >= x0) & (xs < x0 + size)
    return images * (~hole)[:, None].to(images.dtype)


def mixup(images, labels, num_classes, generator=None):
    n = images.size(0)
    perm = torch.randperm(n, generator=generator, device=images.device)
    lam = torch.rand(n, 1, generator=generator, device=images.device).to(images.dtype)
    y = F.one_hot(labels, num_classes).to(images.dtype)
    x = lam[..., None, None] * images + (1 - lam)[..., None, None] * images[perm]
    return x, lam * y + (1 - lam) * y[perm]
