# mistake: After an evaluation the model is in train mode, whatever it was before; train_epoch puts modes back.
# bug: train_mode_left_behind
import copy

import torch


class Trainer:
    def __init__(self, model, optimizer, loss_fn, scheduler=None, max_norm=None):
        self.model = model
        self.optimizer = optimizer
        self.loss_fn = loss_fn
        self.scheduler = scheduler
        self.max_norm = max_norm
        self.steps = 0
        self.epochs = 0

    def _clip(self):
        if self.max_norm is None:
            return
        grads = [p.grad for p in self.model.parameters() if p.grad is not None]
        square = 0.0
        for g in grads:
            square += g.pow(2).sum().item() if not g.is_sparse else g.coalesce().values().pow(2).sum().item()
        norm = square**0.5
        if norm > self.max_norm:
            for g in grads:
                g.mul_(self.max_norm / norm)

    def _train_batch(self, x, y):
        self.model.zero_grad()
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self._clip()
        self.optimizer.step()
        self.steps += 1
        if self.scheduler is not None:
            self.scheduler.step()
        return loss.item()

    def train_epoch(self, loader):
        modes = [(m, m.training) for m in self.model.modules()]
        self.model.train()
        total, count = 0.0, 0
        try:
            for x, y in loader:
                total += self._train_batch(x, y) * len(y)
                count += len(y)
        finally:
            for m, mode in modes:
                m.training = mode
        self.epochs += 1
        return total / count

    def evaluate(self, loader):
        self.model.eval()
        total, correct, count = 0.0, 0, 0
        try:
            with torch.no_grad():
                for x, y in loader:
                    logits = self.model(x)
                    total += self.loss_fn(logits, y).item() * len(y)
                    correct += (logits.argmax(dim=1) == y).sum().item()
                    count += len(y)
        finally:
            self.model.train()
        return total / count, correct / count

    def state_dict(self):
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "steps": self.steps,
            "epochs": self.epochs,
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state):
        state = copy.deepcopy(state)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.steps = state["steps"]
        self.epochs = state["epochs"]
