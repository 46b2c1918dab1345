# mistake: the loss is a sum, and p is held above 1e-7 before its logarithm
# line: 29
import torch


def _hidden(x, w1, b1):
    return torch.stack([(row * x).sum(-1) + bias for row, bias in zip(w1, b1, strict=True)], dim=-1)


def forward(x, w1, b1, w2, b2):
    return _hidden(_hidden(x, w1, b1).clamp(min=0), w2, b2)


def backprop(x, target, w1, b1, w2, b2):
    d = x.shape[-1]
    samples, classes = x.reshape(-1, d), target.reshape(-1).tolist()
    n = len(classes)
    grads = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    grads = {k: torch.zeros_like(p) for k, p in grads.items()}
    dx = torch.zeros_like(samples)
    loss = x.new_zeros(())
    for i in range(n):
        z = w1 @ samples[i] + b1
        h = z.clamp(min=0)
        s = w2 @ h + b2
        s = s - s.max()
        e = s.exp()
        total = e.sum()
        loss += -(e / total)[classes[i]].clamp(min=1e-7).log()
        ds = e / total
        ds[classes[i]] -= 1
        ds /= n
        dz = w2.T @ ds
        dz[z <= 0] = 0
        grads["w2"] += torch.outer(ds, h)
        grads["b2"] += ds
        grads["w1"] += torch.outer(dz, samples[i])
        grads["b1"] += dz
        dx[i] = w1.T @ dz
    return loss, {"x": dx.reshape(x.shape), **grads}
