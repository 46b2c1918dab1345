import torch


class Trainer:
    """Clears and clips by hand, one number at a time; batches are collected first, sums kept as tensors."""

    def __init__(self, model, optimizer, loss_fn, scheduler=None, max_norm=None):
        self.net, self.opt, self.criterion, self.schedule, self.limit = (
            model,
            optimizer,
            loss_fn,
            scheduler,
            max_norm,
        )
        self.steps, self.epochs = 0, 0

    def remember(self):
        return [module.training for module in self.net.modules()]

    def put_back(self, modes):
        for module, mode in zip(self.net.modules(), modes, strict=True):
            module.training = mode

    def clip(self):
        gradients = [p.grad for p in self.net.parameters() if p.grad is not None]
        square = 0.0
        for g in gradients:
            for number in g.flatten().tolist():
                square += number * number
        norm = square**0.5
        if norm > self.limit:
            for g in gradients:
                g.mul_(self.limit / norm)

    def update(self, x, y):
        for p in self.net.parameters():
            p.grad = None
        loss = self.criterion(self.net(x), y)
        loss.backward()
        if self.limit is not None:
            self.clip()
        self.opt.step()
        if self.schedule is not None:
            self.schedule.step()
        self.steps = self.steps + 1
        return loss.detach()

    def train_epoch(self, loader):
        modes = self.remember()
        try:
            self.net.train()
            total = samples = 0
            for batch in loader:
                x, y = batch[0], batch[1]
                total = total + self.update(x, y) * y.shape[0]
                samples += y.shape[0]
        finally:
            self.put_back(modes)
        self.epochs = self.epochs + 1
        return float(total / samples)

    def evaluate(self, loader):
        modes, was = self.remember(), torch.is_grad_enabled()
        total, right, samples = 0.0, 0, 0
        try:
            self.net.eval()
            torch.set_grad_enabled(False)
            for x, y in loader:
                scores = self.net(x)
                total += float(self.criterion(scores, y)) * y.shape[0]
                for row, label in zip(scores.tolist(), y.tolist(), strict=True):
                    right += max(range(len(row)), key=row.__getitem__) == label
                    samples += 1
        finally:
            torch.set_grad_enabled(was)
            self.put_back(modes)
        return total / samples, right / samples

    def copied(self, thing):
        if isinstance(thing, torch.Tensor):
            return thing.detach().clone()
        if isinstance(thing, dict):
            return {key: self.copied(value) for key, value in thing.items()}
        if isinstance(thing, (list, tuple)):
            return type(thing)(self.copied(value) for value in thing)
        return thing

    def state_dict(self):
        schedule = self.schedule.state_dict() if self.schedule else {}
        counts = (self.steps, self.epochs)
        return self.copied(
            {"all": [self.net.state_dict(), self.opt.state_dict(), schedule], "counts": counts}
        )

    def load_state_dict(self, state):
        net, opt, schedule = self.copied(state["all"])
        self.net.load_state_dict(net)
        self.opt.load_state_dict(opt)
        if self.schedule:
            self.schedule.load_state_dict(schedule)
        self.steps, self.epochs = state["counts"]
