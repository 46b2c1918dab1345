import torch
from torch import einsum


class Smoothed:
    def __init__(self, epsilon, weight, ignore_index):
        self.epsilon, self.weight, self.ignore_index = epsilon, weight, ignore_index

    def targets(self, target, like):
        classes = torch.arange(like.shape[-1], device=like.device)
        hit = (target[..., None] == classes).to(like)
        counts = (target != self.ignore_index).to(like)
        q = hit * (1 - self.epsilon) + self.epsilon / like.shape[-1]
        return hit * counts[..., None], q * counts[..., None]

    def __call__(self, logits, target):
        hit, q = self.targets(target, logits.detach())
        w = self.weight if self.weight is not None else torch.ones_like(q.reshape(-1, q.shape[-1])[0])
        return -einsum("...c,...c,c->...", logits.log_softmax(-1), q, w), einsum("...c,c->...", hit, w)


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    losses, counted = Smoothed(epsilon, weight, ignore_index)(logits, target)
    return {"none": lambda: losses, "sum": losses.sum, "mean": lambda: losses.sum() / counted.sum()}[
        reduction
    ]()
