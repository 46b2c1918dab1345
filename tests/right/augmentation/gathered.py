import torch
from torch.nn.functional import pad


def normalise(images, mean, std):
    m, s = (
        torch.tensor(v, dtype=images.dtype, device=images.device)[None, :, None, None] for v in (mean, std)
    )
    return (images - m) / s


def random_crop(images, padding, generator=None):
    """One advanced index for the whole batch; one draw for row and column together."""
    n, c, h, w = images.shape
    k = 2 * padding + 1
    place = torch.randint(k * k, (n,), generator=generator, device=images.device)
    rows = (place // k)[:, None] + torch.arange(h, device=images.device)
    cols = (place % k)[:, None] + torch.arange(w, device=images.device)
    padded = pad(images, [padding] * 4)
    sample = torch.arange(n, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[sample, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)


def random_flip(images, p=0.5, generator=None):
    coin = torch.empty(len(images), device=images.device).bernoulli_(p, generator=generator).bool()
    w = images.shape[-1]
    forth = torch.arange(w, device=images.device)
    index = torch.where(coin[:, None], forth.flip(0), forth)
    return images.gather(3, index[:, None, None, :].expand_as(images))


def cutout(images, size, generator=None):
    n, _, h, w = images.shape
    centre = torch.randint(h * w, (n, 1, 1), generator=generator, device=images.device)
    y, x = torch.meshgrid(
        torch.arange(h, device=images.device), torch.arange(w, device=images.device), indexing="ij"
    )
    top, left = centre // w - size // 2, centre % w - size // 2
    hole = (y >= top) & (y <= top + size - 1) & (x >= left) & (x <= left + size - 1)
    return torch.where(hole[:, None], torch.zeros_like(images), images)


def mixup(images, labels, num_classes, generator=None):
    """The same mix for images and one-hot labels, flattened and side by side."""
    hot = torch.eye(num_classes, dtype=images.dtype, device=images.device)[labels]
    both = torch.cat([images.flatten(1), hot], 1)
    lam = torch.rand(len(images), 1, generator=generator, device=images.device).to(images.dtype)
    order = torch.rand(len(images), generator=generator, device=images.device, dtype=torch.float64).argsort()
    both = torch.lerp(both[order], both, lam)
    return both[:, :-num_classes].reshape(images.shape), both[:, -num_classes:]
