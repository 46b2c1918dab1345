"""The eigenvectors of (0, X; Xᵀ, 0) hold U and V, its eigenvalues ±σ; einsum; the bias as one more weight."""

import torch
from torch import Tensor


def least_squares(x: Tensor, y: Tensor) -> Tensor:
    n, d = x.shape
    top = torch.cat([x.new_zeros(n, n), x], 1)
    both = torch.cat([top, torch.cat([x.mT, x.new_zeros(d, d)], 1)])
    size = both.abs().max()
    if size == 0:
        return x.new_zeros(d)
    values, vectors = torch.linalg.eigh(both / size)
    keep = values > 10 * (n + d) * torch.finfo(x.dtype).eps * values.max()
    u, v = vectors[:n, keep], vectors[n:, keep]  # each of length 1/√2
    return torch.einsum("dk,nk,n->d", v / values[keep], u, y) * 2 / size


def _with_ones(x):
    return torch.nn.functional.pad(x, (0, 1), value=1.0)


def gradients(x, y, w, b):
    wide, full = _with_ones(x), torch.cat([w, b[None]])
    g = torch.einsum("ni,n->i", wide, torch.einsum("ni,i->n", wide, full) - y) * 2 / len(x)
    return g[:-1], g[-1]


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    wide, full = _with_ones(x), torch.cat([w, b.reshape(1)])
    for _ in range(epochs):
        for rows in torch.randperm(x.size(0), generator=generator).to(x.device).split(batch_size):
            part, target = wide.index_select(0, rows), y.index_select(0, rows)
            full = full - lr * 2 / len(rows) * part.mT @ (part @ full - target)
    return full[:-1], full[-1]
