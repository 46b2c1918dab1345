# mistake: Two at once: the group of the body is put together part by part, so parameters stand twice, and the rates are swapped.
# bug: rates_swapped + parameter_twice
# line: 49
from torch import nn

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class FineTuner(nn.Module):
    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model = model
        self.head = head
        self.free = [head]
        parent_path, _, name = head.rpartition(".")
        parent = model.get_submodule(parent_path)
        old = getattr(parent, name)
        new = nn.Linear(old.in_features, num_classes, bias=old.bias is not None)
        setattr(parent, name, new.to(old.weight))
        for p in model.parameters():
            p.requires_grad_(False)
        for p in new.parameters():
            p.requires_grad_(True)
        self.train()

    def forward(self, x):
        return self.model(x)

    def is_free(self, path):
        return any(path == part or path.startswith(part + ".") for part in self.free)

    def unfreeze(self, *names):
        self.free.extend(names)
        for name in names:
            for p in self.model.get_submodule(name).parameters():
                p.requires_grad_(True)
        self.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        for path, module in self.model.named_modules():
            if isinstance(module, NORMS) and not self.is_free(path):
                module.eval()
        return self

    def param_groups(self, lr, body_lr):
        head = list(self.model.get_submodule(self.head).parameters())
        ids = {id(p) for p in head}
        body = [p for part in self.free[1:] for p in self.model.get_submodule(part).parameters()]
        groups = [{"params": head, "lr": body_lr}]
        if body:
            groups.append({"params": body, "lr": lr})
        return groups
