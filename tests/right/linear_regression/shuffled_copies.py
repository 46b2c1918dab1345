"""x and y are put in order once an epoch and walked in chunks; the closed form by NumPy's SVD."""

import numpy as np
import torch


def least_squares(x, y):
    u, s, vt = np.linalg.svd(x.detach().cpu().numpy(), full_matrices=False)
    good = s > s.max(initial=0) * 50 * np.finfo(s.dtype).eps
    w = vt[good].T @ ((u[:, good].T @ y.detach().cpu().numpy()) / s[good])
    return torch.from_numpy(w.astype(s.dtype)).to(x.device)


def gradients(x, y, w, b):
    r = torch.addmv(b - y, x, w)
    return torch.mv(x.t(), r).mul_(2 / r.numel()), r.mean() * 2


def fit(x, y, w, b, lr, batch_size, epochs, generator):
    for _ in range(epochs):
        order = torch.randperm(y.numel(), generator=generator).to(x.device)
        for part, target in zip(x[order].split(batch_size), y[order].split(batch_size), strict=True):
            gw, gb = gradients(part, target, w, b)
            w, b = torch.sub(w, gw, alpha=lr), torch.sub(b, gb, alpha=lr)
    return w, b
