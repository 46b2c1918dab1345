"""The training loop: one epoch, an evaluation, a state to go on from."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn


class Trainer:
    """For each batch: clear ∇ → forward → loss → backward → clip ∇ → θ by the optimizer → lr by the scheduler

    mean loss = Σ n_b loss_b / Σ n_b,  n_b the number of samples of batch b
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Any,
        loss_fn: Callable[[Tensor, Tensor], Tensor],
        scheduler: Any = None,
        max_norm: float | None = None,
    ):
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.scheduler, self.max_norm = scheduler, max_norm
        self.epochs = self.steps = 0

    def train_epoch(self, loader: Iterable[tuple[Tensor, Tensor]]) -> float:
        total, samples = 0.0, 0
        with in_mode(self.model, training=True):
            for x, y in loader:
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(x), y)
                loss.backward()
                if self.max_norm is not None:
                    nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
                self.optimizer.step()
                if self.scheduler is not None:
                    self.scheduler.step()
                self.steps += 1
                total += loss.item() * len(y)
                samples += len(y)
        self.epochs += 1
        return total / samples

    @torch.no_grad()
    def evaluate(self, loader: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
        total, right, samples = 0.0, 0, 0
        with in_mode(self.model, training=False):
            for x, y in loader:
                logits = self.model(x)
                total += self.loss_fn(logits, y).item() * len(y)
                right += (logits.argmax(dim=1) == y).sum().item()
                samples += len(y)
        return total / samples, right / samples

    def state_dict(self) -> dict[str, Any]:
        state = {name: part.state_dict() for name, part in self._parts().items()}
        return deepcopy(state | {"epochs": self.epochs, "steps": self.steps})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        state = deepcopy(state)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.epochs, self.steps = state["epochs"], state["steps"]

    def _parts(self) -> dict[str, Any]:
        parts = {"model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler}
        return {name: part for name, part in parts.items() if part is not None}


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """The model in this mode; afterwards every part of it in the mode that it had."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before.items():
            module.training = mode
