# mistake: alexnet_shapes lists no flattened map and its width before its height, so it has 12 entries.
# bug: shapes_width_first + shapes_without_flatten
from functools import reduce
from math import prod

import torch.nn.functional as F
from torch import Tensor, nn


def plan(num_classes, channels, hidden):
    c1, c2, c3, c4, c5 = channels
    return [
        ("conv1", c1, 11, 4, 2),
        ("pool", None, 3, 2, 0),
        ("conv2", c2, 5, 1, 2),
        ("pool", None, 3, 2, 0),
        ("conv3", c3, 3, 1, 1),
        ("conv4", c4, 3, 1, 1),
        ("conv5", c5, 3, 1, 1),
        ("pool", None, 3, 2, 0),
        ("flatten",),
        ("fc1", hidden),
        ("fc2", hidden),
        ("fc3", num_classes),
    ]


def next_shape(shape, row):
    name, *how = row
    if name == "flatten":
        return (prod(shape),)
    if name.startswith("fc"):
        return (how[0],)
    c, k, s, p = how
    return (c or shape[0], *((n + 2 * p - k) // s + 1 for n in shape[1:]))


def alexnet_shapes(
    num_classes: int = 1000,
    height: int = 224,
    width: int = 224,
    channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
    hidden: int = 4096,
) -> list[tuple[int, ...]]:
    shapes = [(3, width, height)]
    for row in plan(num_classes, channels, hidden):
        shapes.append(next_shape(shapes[-1], row))
    return [
        shape
        for shape, row in zip(shapes, [("image",), *plan(num_classes, channels, hidden)])
        if row[0] != "flatten"
    ]


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
        self.plan = plan(num_classes, channels, hidden)
        self.dropout = dropout
        shapes = alexnet_shapes(num_classes, height, width, channels, hidden)
        shapes.insert(9, (prod(shapes[8]),))
        for (name, *how), shape in zip(self.plan, shapes):
            if name.startswith("conv"):
                self.add_module(name, nn.Conv2d(shape[0], *how))
            elif name.startswith("fc"):
                self.add_module(name, nn.Linear(shape[0], how[0]))

    def apply_row(self, x, row):
        name = row[0]
        if name == "pool":
            return F.max_pool2d(x, 3, 2)
        if name == "flatten":
            return x.flatten(1)
        z = getattr(self, name)(x)
        if name == "fc3":
            return z
        z = F.relu(z)
        return F.dropout(z, self.dropout, self.training) if name in ("fc1", "fc2") else z

    def forward(self, x: Tensor) -> Tensor:
        return reduce(self.apply_row, self.plan, x)
