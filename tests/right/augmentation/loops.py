import torch


def normalise(images, mean, std):
    channels = [(images[:, c] - m) / s for c, (m, s) in enumerate(zip(mean, std))]
    return torch.stack(channels, 1)


def whole(high, generator, device):
    return int(torch.randint(high, (), generator=generator, device=device))


def random_crop(images, padding, generator=None):
    """Image by image, copied into a canvas of zeros."""
    n, c, h, w = images.shape
    out = []
    for image in images:
        canvas = image.new_zeros(c, h + 2 * padding, w + 2 * padding)
        canvas[:, padding : padding + h, padding : padding + w] = image
        y = whole(2 * padding + 1, generator, images.device)
        x = whole(2 * padding + 1, generator, images.device)
        out.append(canvas[:, y : y + h, x : x + w])
    return torch.stack(out)


def random_flip(images, p=0.5, generator=None):
    out = images.clone()
    for n in range(len(images)):
        if torch.rand((), generator=generator, device=images.device) < p:
            out[n] = images[n].flip(-1)
    return out


def cutout(images, size, generator=None):
    out = images.clone()
    h, w = images.shape[2:]
    for n in range(len(images)):
        top = whole(h, generator, images.device) - size // 2
        left = whole(w, generator, images.device) - size // 2
        out[n, :, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = 0
    return out


def mixup(images, labels, num_classes, generator=None):
    order = torch.randperm(len(images), generator=generator, device=images.device).tolist()
    mixed, soft = [], images.new_zeros(len(images), num_classes)
    for n, m in enumerate(order):
        lam = torch.rand((), generator=generator, device=images.device, dtype=images.dtype)
        mixed.append(lam * images[n] + (1 - lam) * images[m])
        soft[n, labels[n]] += lam
        soft[n, labels[m]] += 1 - lam
    return torch.stack(mixed), soft
