# mistake: The assertion of the textbook stands where a ValueError is asked for.
# bug: wrong_exception
# line: 21
import torch
from torch import nn


def dropout_layer(X, dropout):
    assert 0 <= dropout <= 1, "dropout out of range"
    if dropout == 1:
        return torch.zeros_like(X)
    if dropout == 0:
        return X
    mask = (torch.rand(X.shape, device=X.device) > dropout).to(X.dtype)
    return mask * X / (1.0 - dropout)


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        assert 0 <= p <= 1
        self.p = p

    def forward(self, x):
        return dropout_layer(x, self.p) if self.training else x
