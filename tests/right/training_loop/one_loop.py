import copy

import torch


class Trainer:
    """One private loop that serves training and evaluation."""

    def __init__(self, model, optimizer, loss_fn, scheduler=None, max_norm=None):
        self.parts = {"model": model, "optimizer": optimizer}
        if scheduler is not None:
            self.parts["scheduler"] = scheduler
        self.loss_fn, self.max_norm = loss_fn, max_norm
        self.count = {"steps": 0, "epochs": 0}

    steps = property(lambda self: self.count["steps"])
    epochs = property(lambda self: self.count["epochs"])

    def run(self, loader, training):
        model = self.parts["model"]
        modes = {name: module.training for name, module in model.named_modules()}
        sums = torch.zeros(3, dtype=torch.float64)
        try:
            model.train(training)
            with torch.set_grad_enabled(training):
                for x, y in loader:
                    output = model(x)
                    loss = self.loss_fn(output, y)
                    if training:
                        self.learn(loss)
                    hits = 0 if training else (output.detach().argmax(1) == y).sum().item()
                    sums += torch.tensor([loss.item() * len(y), hits, len(y)], dtype=torch.float64)
        finally:
            for name, mode in modes.items():
                model.get_submodule(name).training = mode
        return (sums[:2] / sums[2]).tolist()

    def learn(self, loss):
        model, optimizer = self.parts["model"], self.parts["optimizer"]
        optimizer.zero_grad()
        model.zero_grad()
        loss.backward()
        if self.max_norm is not None:
            torch.nn.utils.clip_grad_norm_(
                [p for g in optimizer.param_groups for p in g["params"]], self.max_norm
            )
        optimizer.step()
        if "scheduler" in self.parts:
            self.parts["scheduler"].step()
        self.count["steps"] += 1

    def train_epoch(self, loader):
        mean, _ = self.run(loader, True)
        self.count["epochs"] += 1
        return mean

    def evaluate(self, loader):
        loss, accuracy = self.run(loader, False)
        return loss, accuracy

    def state_dict(self):
        return copy.deepcopy({name: part.state_dict() for name, part in self.parts.items()} | self.count)

    def load_state_dict(self, state):
        state = copy.deepcopy(state)
        self.count = {name: state.pop(name) for name in ("steps", "epochs")}
        for name in self.parts:
            self.parts[name].load_state_dict(state[name])
