import torch
from torch import nn


class Transform:
    """Draws first, applies then."""

    def __init__(self, images, generator):
        self.images, self.n = images, images.shape[0]
        self.chance = {"generator": generator, "device": images.device}

    def whole(self, high):
        return torch.randint(0, high, [self.n], **self.chance)

    def real(self):
        return torch.rand([self.n], dtype=self.images.dtype, **self.chance)


class Crop(Transform):
    def apply(self, padding):
        h, w = self.images.shape[-2:]
        windows = nn.ZeroPad2d(padding)(self.images).unfold(2, h, 1).unfold(3, w, 1)
        sample = torch.arange(self.n, device=self.images.device)
        return windows[sample, :, self.whole(2 * padding + 1), self.whole(2 * padding + 1)]


class Flip(Transform):
    def apply(self, p):
        turned = torch.nonzero(self.real() < p).flatten()
        return self.images.index_copy(0, turned, self.images.index_select(0, turned).flip([3]))


class Hole(Transform):
    def apply(self, size):
        return self.images * ~(self.stripe(2, size) & self.stripe(3, size))

    def stripe(self, dim, size):
        length = self.images.shape[dim]
        inside = torch.zeros(self.n, length + 2 * size, dtype=torch.bool, device=self.images.device)
        first = self.whole(length) - size // 2 + size
        inside.scatter_(1, first[:, None] + torch.arange(size, device=first.device), True)
        shape = [self.n, 1, 1, 1]
        shape[dim] = length
        return inside[:, size : size + length].reshape(shape)


class Mix(Transform):
    def apply(self, labels, num_classes):
        partner = torch.randperm(self.n, **self.chance)
        lam = torch.rand([self.n], **self.chance).to(self.images)
        hot = (labels[:, None] == torch.arange(num_classes, device=labels.device)).to(self.images)
        return tuple(
            (lam * x.movedim(0, -1) + (1 - lam) * x[partner].movedim(0, -1)).movedim(-1, 0)
            for x in (self.images, hot)
        )


def normalise(images, mean, std):
    mean, std = torch.asarray([list(mean), list(std)], dtype=images.dtype, device=images.device)
    return images.movedim(1, -1).sub(mean).div(std).movedim(-1, 1)


def random_crop(images, padding, generator=None):
    return Crop(images, generator).apply(padding)


def random_flip(images, p=0.5, generator=None):
    return Flip(images, generator).apply(p)


def cutout(images, size, generator=None):
    return Hole(images, generator).apply(size)


def mixup(images, labels, num_classes, generator=None):
    return Mix(images, generator).apply(labels, num_classes)
