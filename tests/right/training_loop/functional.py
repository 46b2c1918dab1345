from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


def keep_modes(stack, model):
    for module in model.modules():
        stack.callback(setattr, module, "training", module.training)


def weighted(pairs):
    pairs = list(pairs)
    return sum(n * value for n, value in pairs) / sum(n for n, _ in pairs)


@dataclass
class Trainer:
    """Generators of (size, figure) pairs; what is put back is put back by a stack of callbacks."""

    model: nn.Module
    optimizer: Any
    loss_fn: Any
    scheduler: Any = None
    max_norm: float | None = None
    steps: int = 0
    epochs: int = 0

    def losses(self, loader):
        parameters = list(self.model.parameters())
        for x, y in loader:
            self.optimizer.zero_grad(set_to_none=True)
            value = self.loss_fn(self.model(x), y)
            value.backward()
            if self.max_norm is not None:
                grads = [p.grad for p in parameters if p.grad is not None]
                norm = torch.stack([g.norm() for g in grads]).norm()
                factor = (self.max_norm / norm).clamp(max=1.0)
                torch._foreach_mul_(grads, factor)
            self.optimizer.step()
            if self.scheduler:
                self.scheduler.step()
            self.steps += 1
            yield len(y), value.item()

    def figures(self, loader):
        for x, y in loader:
            logits = self.model(x)
            hits = torch.eq(logits.argmax(-1), y).double().mean()
            yield len(y), torch.stack([self.loss_fn(logits, y).double(), hits])

    def train_epoch(self, loader):
        with ExitStack() as stack:
            keep_modes(stack, self.model)
            self.model.train()
            mean = weighted(self.losses(loader))
        self.epochs += 1
        return mean

    def evaluate(self, loader):
        with ExitStack() as stack, torch.inference_mode():
            keep_modes(stack, self.model)
            self.model.eval()
            return tuple(weighted(self.figures(loader)).tolist())

    def state_dict(self):
        parts = [part and part.state_dict() for part in (self.optimizer, self.scheduler)]
        return deepcopy({"model": self.model.state_dict(), "parts": parts, "done": [self.steps, self.epochs]})

    def load_state_dict(self, state):
        mine = deepcopy(state)
        self.model.load_state_dict(mine["model"])
        for part, saved in zip((self.optimizer, self.scheduler), mine["parts"], strict=True):
            if part is not None:
                part.load_state_dict(saved)
        self.steps, self.epochs = mine["done"]
