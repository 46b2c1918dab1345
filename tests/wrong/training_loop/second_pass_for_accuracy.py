# mistake: Two at once: evaluation records gradients, and computes each batch again for the accuracy.
from copy import deepcopy

import torch


class Trainer:
    def __init__(self, model, optimizer, loss_fn, scheduler=None, max_norm=None):
        vars(self).update(
            model=model,
            optimizer=optimizer,
            loss_fn=loss_fn,
            scheduler=scheduler,
            max_norm=max_norm,
            steps=0,
            epochs=0,
        )

    def _walk(self, loader, mode, visit):
        modes = [m.training for m in self.model.modules()]
        self.model.train(mode)
        try:
            sums = [
                torch.tensor([v * len(y) for v in visit(x, y)] + [len(y)], dtype=torch.float64)
                for x, y in loader
            ]
        finally:
            [setattr(m, "training", t) for m, t in zip(self.model.modules(), modes)]
        *means, n = torch.stack(sums).sum(0).tolist()
        return [value / n for value in means]

    def _fit(self, x, y):
        self.model.zero_grad(set_to_none=True)
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        grads = [p.grad for p in self.model.parameters() if p.grad is not None]
        if self.max_norm is not None and grads:
            dense = [g.coalesce().values() if g.is_sparse else g for g in grads]
            norm = torch.stack([g.norm() for g in dense]).norm().item()
            torch._foreach_mul_(grads, self.max_norm / max(norm, self.max_norm, 1e-300))
        self.optimizer.step()
        self.steps += 1
        self.scheduler and self.scheduler.step()
        return (loss.item(),)

    def _score(self, x, y):
        loss = self.loss_fn(self.model(x), y)
        return loss.item(), (self.model(x).argmax(1) == y).double().mean().item()

    def train_epoch(self, loader):
        (mean,) = self._walk(loader, True, self._fit)
        self.epochs += 1
        return mean

    def evaluate(self, loader):
        return tuple(self._walk(loader, False, self._score))

    def state_dict(self):
        parts = [self.model, self.optimizer] + [self.scheduler] * (self.scheduler is not None)
        return deepcopy({"parts": [p.state_dict() for p in parts], "counts": [self.steps, self.epochs]})

    def load_state_dict(self, state):
        parts = [self.model, self.optimizer, self.scheduler]
        [p.load_state_dict(deepcopy(s)) for p, s in zip(parts, state["parts"])]
        self.steps, self.epochs = state["counts"]
