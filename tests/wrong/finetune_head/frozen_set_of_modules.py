# mistake: Two at once: what is thawed is known by id(), and the dtype of the head is forgotten.
# bug: head_dtype + known_by_identity
# line: 30
from torch import nn

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class FineTuner(nn.Module):
    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model = model
        self.head = head
        self.free = set()
        parent_path, _, name = head.rpartition(".")
        parent = model.get_submodule(parent_path)
        old = getattr(parent, name)
        new = nn.Linear(old.in_features, num_classes, bias=old.bias is not None)
        setattr(parent, name, new)
        for p in model.parameters():
            p.requires_grad_(False)
        for p in new.parameters():
            p.requires_grad_(True)
        self.train()

    def forward(self, x):
        return self.model(x)

    def unfreeze(self, *names):
        self.free |= {id(m) for name in names for m in self.model.get_submodule(name).modules()}
        for name in names:
            for p in self.model.get_submodule(name).parameters():
                p.requires_grad_(True)
        self.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        for path, module in self.model.named_modules():
            if isinstance(module, NORMS) and id(module) not in self.free:
                module.eval()
        return self

    def param_groups(self, lr, body_lr):
        head = list(self.model.get_submodule(self.head).parameters())
        ids = {id(p) for p in head}
        body = [p for p in self.model.parameters() if p.requires_grad and id(p) not in ids]
        groups = [{"params": head, "lr": lr}]
        if body:
            groups.append({"params": body, "lr": body_lr})
        return groups
