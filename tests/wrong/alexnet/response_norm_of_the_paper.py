# mistake: Local response normalisation stands behind the first two convolutions, as in the paper.
# bug: batch_norm
# line: 45
import torch
from torch import Tensor, nn

KERNELS = (11, 5, 3, 3, 3)
STRIDES = (4, 1, 1, 1, 1)
PADDINGS = (2, 2, 1, 1, 1)
POOLED = (True, True, False, False, True)


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
        cin = 3
        h, w = height, width
        for i in range(5):
            layer = nn.Conv2d(cin, channels[i], KERNELS[i], STRIDES[i], PADDINGS[i])
            setattr(self, f"conv{i + 1}", layer)
            cin = channels[i]
            h = (h + 2 * PADDINGS[i] - KERNELS[i]) // STRIDES[i] + 1
            w = (w + 2 * PADDINGS[i] - KERNELS[i]) // STRIDES[i] + 1
            if POOLED[i]:
                h, w = (h - 3) // 2 + 1, (w - 3) // 2 + 1
        sizes = [cin * h * w, hidden, hidden, num_classes]
        for i in range(3):
            setattr(self, f"fc{i + 1}", nn.Linear(sizes[i], sizes[i + 1]))
        self.norm = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.drop = nn.Dropout(p=dropout)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(5):
            x = torch.relu(getattr(self, f"conv{i + 1}")(x))
            if i < 2:
                x = self.norm(x)
            if POOLED[i]:
                x = self.pool(x)
        x = x.flatten(start_dim=1)
        for i in range(2):
            x = torch.relu(getattr(self, f"fc{i + 1}")(x))
            x = self.drop(x)
        return self.fc3(x)


def alexnet_shapes(
    num_classes: int = 1000,
    height: int = 224,
    width: int = 224,
    channels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256),
    hidden: int = 4096,
) -> list[tuple[int, ...]]:
    h, w = height, width
    shapes = [(3, h, w)]
    for i in range(5):
        h = (h + 2 * PADDINGS[i] - KERNELS[i]) // STRIDES[i] + 1
        w = (w + 2 * PADDINGS[i] - KERNELS[i]) // STRIDES[i] + 1
        shapes.append((channels[i], h, w))
        if POOLED[i]:
            h, w = (h - 3) // 2 + 1, (w - 3) // 2 + 1
            shapes.append((channels[i], h, w))
    shapes.append((channels[4] * h * w,))
    for n in (hidden, hidden, num_classes):
        shapes.append((n,))
    return shapes
