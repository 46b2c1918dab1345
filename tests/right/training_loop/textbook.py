import copy

import torch


class Trainer:
    """Everything written out, twice where it is needed twice."""

    def __init__(self, model, optimizer, loss_fn, scheduler=None, max_norm=None):
        self.model = model
        self.optimizer = optimizer
        self.loss_fn = loss_fn
        self.scheduler = scheduler
        self.max_norm = max_norm
        self.steps = 0
        self.epochs = 0

    def train_epoch(self, loader):
        modes = [(m, m.training) for m in self.model.modules()]
        self.model.train()
        losses = []
        sizes = []
        try:
            for x, y in loader:
                self.optimizer.zero_grad()
                output = self.model(x)
                loss = self.loss_fn(output, y)
                loss.backward()
                if self.max_norm is not None:
                    torch.nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=self.max_norm)
                self.optimizer.step()
                if self.scheduler is not None:
                    self.scheduler.step()
                self.steps += 1
                losses.append(loss.item())
                sizes.append(x.shape[0])
        finally:
            for m, training in modes:
                m.training = training
        self.epochs += 1
        return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)

    def evaluate(self, loader):
        modes = [(m, m.training) for m in self.model.modules()]
        self.model.eval()
        losses, correct, count = 0.0, 0, 0
        try:
            with torch.no_grad():
                for x, y in loader:
                    output = self.model(x)
                    losses += self.loss_fn(output, y).item() * x.shape[0]
                    correct += int((output.max(dim=1).indices == y).sum())
                    count += x.shape[0]
        finally:
            for m, training in modes:
                m.training = training
        return losses / count, correct / count

    def state_dict(self):
        return {
            "model": copy.deepcopy(self.model.state_dict()),
            "optimizer": copy.deepcopy(self.optimizer.state_dict()),
            "scheduler": None if self.scheduler is None else copy.deepcopy(self.scheduler.state_dict()),
            "steps": self.steps,
            "epochs": self.epochs,
        }

    def load_state_dict(self, state):
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        if self.scheduler is not None:
            self.scheduler.load_state_dict(copy.deepcopy(state["scheduler"]))
        self.steps = state["steps"]
        self.epochs = state["epochs"]
