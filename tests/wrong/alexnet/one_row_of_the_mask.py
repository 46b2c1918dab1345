# mistake: One row of the mask is drawn for the whole batch, so entries of different images are not dropped independently.
# bug: one_mask_for_the_batch
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Affine(nn.Module):
    """A weight of shape (out, ...) and a bias."""

    def __init__(self, *shape):
        super().__init__()
        weight = torch.empty(shape)
        bound = weight[0].numel() ** -0.5
        self.weight = nn.Parameter(weight.uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(shape[0]).uniform_(-bound, bound))


def conv(x, layer, stride=1, padding=0):
    k = layer.weight.shape[-1]
    win = F.pad(x, (padding,) * 4).unfold(2, k, stride).unfold(3, k, stride)
    return (torch.einsum("nchwuv,ocuv->nohw", win, layer.weight) + layer.bias.view(-1, 1, 1)).relu()


def dense(x, layer):
    return torch.einsum("ni,oi->no", x, layer.weight) + layer.bias


def pool(x):
    return x.unfold(2, 3, 2).unfold(3, 3, 2).flatten(-2).max(-1).values


class AlexNet(nn.Module):
    def __init__(
        self,
        num_classes: int = 1000,
        height: int = 224,
        width: int = 224,
        channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
        hidden: int = 4096,
        dropout: float = 0.5,
    ):
        super().__init__()
        c1, c2, c3, c4, c5 = channels
        flat = alexnet_shapes(num_classes, height, width, channels, hidden)[9][0]
        self.p = dropout
        self.conv1, self.conv2 = Affine(c1, 3, 11, 11), Affine(c2, c1, 5, 5)
        self.conv3, self.conv4, self.conv5 = Affine(c3, c2, 3, 3), Affine(c4, c3, 3, 3), Affine(c5, c4, 3, 3)
        self.fc1, self.fc2, self.fc3 = (
            Affine(hidden, flat),
            Affine(hidden, hidden),
            Affine(num_classes, hidden),
        )

    def drop(self, x):
        if not self.training:
            return x
        keep = torch.rand_like(x[:1]) >= self.p
        return x * keep / (1 - self.p)

    def forward(self, x: Tensor) -> Tensor:
        x = pool(conv(x, self.conv1, 4, 2))
        x = pool(conv(x, self.conv2, 1, 2))
        x = conv(conv(x, self.conv3, 1, 1), self.conv4, 1, 1)
        x = pool(conv(x, self.conv5, 1, 1)).reshape(len(x), -1)
        x = self.drop(dense(x, self.fc1).relu())
        x = self.drop(dense(x, self.fc2).relu())
        return dense(x, self.fc3)


def alexnet_shapes(
    num_classes: int = 1000,
    height: int = 224,
    width: int = 224,
    channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
    hidden: int = 4096,
) -> list[tuple[int, ...]]:
    a = [(n - 7) // 4 + 1 for n in (height, width)]
    b = [(n - 1) // 2 for n in a]
    c = [(n - 1) // 2 for n in b]
    d = [(n - 1) // 2 for n in c]
    c1, c2, c3, c4, c5 = channels
    convs = [
        (3, height, width),
        (c1, *a),
        (c1, *b),
        (c2, *b),
        (c2, *c),
        (c3, *c),
        (c4, *c),
        (c5, *c),
        (c5, *d),
    ]
    return convs + [(c5 * d[0] * d[1],), (hidden,), (hidden,), (num_classes,)]
