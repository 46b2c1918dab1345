# mistake: exponentials of the logits as they come
# bug: exponentials_overflow
import torch


def forward(x, w1, b1, w2, b2):
    return torch.relu(x @ w1.T + b1) @ w2.T + b2


def backprop(x, target, w1, b1, w2, b2):
    X, t = x.reshape(-1, x.shape[-1]), target.reshape(-1)
    n = len(t)
    H = torch.relu(X @ w1.T + b1)
    S = torch.exp(H @ w2.T + b2)
    P = S / S.sum(1, keepdim=True)
    loss = -P[torch.arange(n), t].log().mean()
    dS = P.clone()
    dS[torch.arange(n), t] -= 1
    dS /= n
    dZ = (dS @ w2) * (H > 0)
    return loss, {
        "w2": dS.T @ H,
        "b2": dS.sum(0),
        "w1": dZ.T @ X,
        "b1": dZ.sum(0),
        "x": (dZ @ w1).reshape(x.shape),
    }
