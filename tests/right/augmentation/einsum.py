import torch


def shift(size, first, padding, like):
    """(N, size, size): moves rows so that the cut begins at `first` of the padded map."""
    i = torch.arange(size, device=like.device)
    return (i[None, :, None] + first[:, None, None] - padding == i).to(like.dtype)


def normalise(images, mean, std):
    scale = 1 / torch.as_tensor(std, dtype=images.dtype, device=images.device)
    offset = -torch.as_tensor(mean, dtype=images.dtype, device=images.device) * scale
    return torch.einsum("nchw,c->nchw", images, scale) + offset.reshape(-1, 1, 1)


def random_crop(images, padding, generator=None):
    places = torch.randint(0, 2 * padding + 1, (2, len(images)), generator=generator, device=images.device)
    rows = shift(images.shape[2], places[0], padding, images)
    columns = shift(images.shape[3], places[1], padding, images)
    return torch.einsum("nih,nchw,njw->ncij", rows, images, columns)


def random_flip(images, p=0.5, generator=None):
    coin = (torch.rand((len(images), 1, 1), generator=generator, device=images.device) < p).to(images.dtype)
    eye = torch.eye(images.shape[3], dtype=images.dtype, device=images.device)
    return torch.einsum("nchw,njw->nchj", images, coin * eye.flip(0) + (1 - coin) * eye)


def cutout(images, size, generator=None):
    kept = []
    for length in images.shape[2:]:
        centre = torch.randint(length, (len(images), 1), generator=generator, device=images.device)
        i = torch.arange(length, device=images.device) - centre + size // 2
        kept.append(((i >= 0) * (i < size)).to(images.dtype))
    return images * (1 - torch.einsum("nh,nw->nhw", *kept))[:, None]


def mixup(images, labels, num_classes, generator=None):
    """One mixing matrix for both."""
    n = len(images)
    lam = torch.rand(n, generator=generator, device=images.device, dtype=images.dtype)
    eye = torch.eye(n, dtype=images.dtype, device=images.device)
    mix = lam.diag() + torch.einsum(
        "n,nm->nm", 1 - lam, eye[torch.randperm(n, generator=generator, device=images.device)]
    )
    hot = torch.zeros(n, num_classes, dtype=images.dtype, device=images.device).scatter_(
        1, labels[:, None], 1
    )
    return torch.einsum("nm,mchw->nchw", mix, images), mix @ hot
