# mistake: Freezing stops gradients only; batch norms follow the mode.
# bug: norms_follow_mode
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
        return self

    def param_groups(self, lr, body_lr):
        head = list(self.model.get_submodule(self.head).parameters())
        ids = {id(p) for p in head}
        body = [p for p in self.model.parameters() if p.requires_grad and id(p) not in ids]
        groups = [{"params": head, "lr": lr}]
        if body:
            groups.append({"params": body, "lr": body_lr})
        return groups
