# mistake: forward clamps the logits to ±1000
# line: 9
import torch
from torch import Tensor


def forward(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    h = torch.relu(x @ w1.T + b1)
    return (h @ w2.T + b2).clamp(-1e3, 1e3)


def backprop(x, target, w1, b1, w2, b2):
    shape = x.shape
    x = x.reshape(-1, shape[-1])
    target = target.reshape(-1)
    n = x.shape[0]
    z = x @ w1.T + b1
    h = torch.relu(z)
    s = h @ w2.T + b2
    log_p = torch.log_softmax(s, dim=-1)
    rows = torch.arange(n, device=x.device)
    loss = -log_p[rows, target].mean()

    ds = log_p.exp()
    ds[rows, target] -= 1
    ds = ds / n
    dw2 = ds.T @ h
    db2 = ds.sum(0)
    dh = ds @ w2
    dz = dh * (z > 0)
    dw1 = dz.T @ x
    db1 = dz.sum(0)
    dx = (dz @ w1).reshape(shape)
    return loss, {"x": dx, "w1": dw1, "b1": db1, "w2": dw2, "b2": db2}
