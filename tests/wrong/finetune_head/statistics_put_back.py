# mistake: Frozen batch norms run in train mode, and afterwards their statistics are put back.
# line: 29
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
        norms = [m for p, m in self.model.named_modules() if isinstance(m, NORMS) and not self.is_free(p)]
        before = [{k: v.clone() for k, v in m.state_dict().items()} for m in norms]
        for m in norms:
            m.train(self.training)
        y = self.model(x)
        for m, state in zip(norms, before, strict=True):
            m.load_state_dict(state)
            m.eval()
        return y

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
        body = [p for p in self.model.parameters() if p.requires_grad and id(p) not in ids]
        groups = [{"params": head, "lr": lr}]
        if body:
            groups.append({"params": body, "lr": body_lr})
        return groups
