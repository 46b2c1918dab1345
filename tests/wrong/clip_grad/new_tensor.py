# mistake: .grad is bound to a new tensor, so a view of the old one does not see the change.
# bug: replaced_not_edited
# line: 14
import torch


def clip_grad(params, max_norm):
    params = [p for p in params if p.grad is not None]
    if not params:
        return torch.tensor(0.0)
    norm = torch.stack([p.grad.detach().pow(2).sum() for p in params]).sum().sqrt()
    if norm > max_norm:
        for p in params:
            p.grad = p.grad * (max_norm / norm)
    return norm
