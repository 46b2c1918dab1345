from torch import nn


def below(name, part):
    return f"{name}.".startswith(f"{part}.")


class FineTuner(nn.Module):
    """Keeps the names of what is still frozen, and crosses them off."""

    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model, self.head = model, head
        old = model.get_submodule(head)
        new = nn.Linear(old.in_features, num_classes, bias=old.bias is not None).to(old.weight)
        parent = model.get_submodule(".".join(head.split(".")[:-1]))
        parent.register_module(head.split(".")[-1], new)
        frozen_norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
        self.still = [n for n, m in model.named_modules() if isinstance(m, frozen_norms)]
        self.fixed = [n for n, _ in model.named_parameters() if not below(n, head)]
        self.settle()
        self.train()

    def settle(self):
        for name, p in self.model.named_parameters():
            p.requires_grad_(name not in self.fixed)

    def forward(self, x):
        y = self.model(x)
        return y

    def unfreeze(self, *names):
        def remains(name):
            return not any(below(name, part) for part in names)

        thawed = [n for n in self.still if not remains(n)]
        self.still = list(filter(remains, self.still))
        self.fixed = list(filter(remains, self.fixed))
        self.settle()
        for n in thawed:
            self.model.get_submodule(n).train(self.training)

    def train(self, mode=True):
        super().train(mode)
        if mode:
            [self.model.get_submodule(n).eval() for n in self.still]
        return self

    def param_groups(self, lr, body_lr):
        trained = {n: p for n, p in self.model.named_parameters() if n not in self.fixed}
        pick = lambda inside: [p for n, p in trained.items() if below(n, self.head) == inside]  # noqa: E731
        rates = ((pick(True), lr), (pick(False), body_lr))
        return [dict(params=params, lr=rate) for params, rate in rates if len(params) > 0]
