"""One pass along dim with a running maximum and a running sum."""

import torch


def softmax(x, dim=-1):
    first, *rest = x.unbind(dim)
    m, s = first, torch.ones_like(first)
    for value in rest:
        new = torch.maximum(m, value)
        safe = torch.where(new == -torch.inf, torch.zeros_like(new), new)
        s = s * torch.exp(m - safe) + torch.exp(value - safe)
        s, m = torch.where(new == -torch.inf, torch.ones_like(s), s), new
    m = m.detach()
    e = [torch.exp(value - m) for value in (first, *rest)]
    total = sum(e)
    return torch.stack([one / total for one in e], dim)


def softmax_backward(grad_output, output, dim=-1):
    mean = 0
    for g, p in zip(grad_output.unbind(dim), output.unbind(dim), strict=True):
        mean = mean + g * p
    return torch.stack(
        [p * (g - mean) for g, p in zip(grad_output.unbind(dim), output.unbind(dim), strict=True)], dim
    )
