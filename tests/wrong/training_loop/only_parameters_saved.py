# mistake: Two at once: the state lacks the buffers of the model, and the counters are not loaded.
# bug: counters_not_saved + model_not_saved
# line: 61
import copy

import torch
from torch import nn


class Trainer:
    def __init__(self, model, optimizer, loss_fn, scheduler=None, max_norm=None):
        self.model = model
        self.optimizer = optimizer
        self.loss_fn = loss_fn
        self.scheduler = scheduler
        self.max_norm = max_norm
        self.steps = 0
        self.epochs = 0

    def train_epoch(self, loader):
        modes = [(module, module.training) for module in self.model.modules()]
        total, count = 0.0, 0
        try:
            self.model.train()
            for inputs, targets in loader:
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(inputs), targets)
                loss.backward()
                if self.max_norm is not None:
                    nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
                self.optimizer.step()
                if self.scheduler is not None:
                    self.scheduler.step()
                self.steps += 1
                total += loss.item() * len(inputs)
                count += len(inputs)
        finally:
            for module, mode in modes:
                module.training = mode
        self.epochs += 1
        return total / count

    def evaluate(self, loader):
        modes = [(module, module.training) for module in self.model.modules()]
        total, correct, count = 0.0, 0, 0
        try:
            self.model.eval()
            with torch.no_grad():
                for inputs, targets in loader:
                    outputs = self.model(inputs)
                    total += self.loss_fn(outputs, targets).item() * len(inputs)
                    correct += (outputs.argmax(1) == targets).sum().item()
                    count += len(inputs)
        finally:
            for module, mode in modes:
                module.training = mode
        return total / count, correct / count

    def state_dict(self):
        state = {
            "model": dict(self.model.named_parameters()),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
            "counts": (self.steps, self.epochs),
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state):
        state = copy.deepcopy(state)
        self.model.load_state_dict(state["model"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler:
            self.scheduler.load_state_dict(state["scheduler"])
