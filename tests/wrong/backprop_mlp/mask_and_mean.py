# mistake: two: no mask, and the bias gradients are means
# bug: mask_forgotten + biases_averaged
import torch


def forward(x, w1, b1, w2, b2):
    return torch.relu(x @ w1.T + b1) @ w2.T + b2


def backprop(x, target, w1, b1, w2, b2):
    X, t = x.reshape(-1, x.shape[-1]), target.reshape(-1)
    n = len(t)
    Z = X @ w1.T + b1
    H = Z.clamp(min=0)
    S = H @ w2.T + b2
    L = torch.log_softmax(S, 1)
    loss = -L[torch.arange(n), t].mean()
    Y = torch.eye(S.shape[1], dtype=x.dtype)[t]
    dS = (L.exp() - Y) / n
    dZ = dS @ w2
    return loss, {
        "w2": dS.T @ H,
        "b2": dS.mean(0),
        "w1": dZ.T @ X,
        "b1": dZ.mean(0),
        "x": (dZ @ w1).reshape(x.shape),
    }
