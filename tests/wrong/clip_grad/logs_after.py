# mistake: The norm is measured again after clipping, and that one is returned.
# bug: returns_clipped_norm
# line: 19
import torch


def total(grads):
    return torch.stack([g.norm() for g in grads]).norm()


def clip_grad(params, max_norm):
    grads = [p.grad.detach() for p in params if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    if total(grads) > max_norm:
        factor = max_norm / total(grads)
        for g in grads:
            g.mul_(factor)
    return total(grads)
