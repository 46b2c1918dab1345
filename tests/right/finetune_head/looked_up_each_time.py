from torch import nn


def is_batch_norm(module):
    return isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))


def inside(path, part):
    return part == "" or path == part or path.startswith(part + ".")


def fresh_linear(old, outputs):
    like = {"device": old.weight.device, "dtype": old.weight.dtype}
    return nn.Linear(old.in_features, outputs, bias=old.bias is not None, **like)


def replace(model, path, module):
    *parents, last = path.split(".")
    owner = model
    for step in parents:
        owner = getattr(owner, step)
    setattr(owner, last, module)


class FineTuner(nn.Module):
    def __init__(self, model, head, num_classes):
        super().__init__()
        new = fresh_linear(model.get_submodule(head), num_classes)
        replace(model, head, new)
        self.model = model
        self.head_path = head
        self.open_parts = ()
        for path, p in model.named_parameters(remove_duplicate=False):
            p.requires_grad = inside(path, head)
        self.train()

    def forward(self, x):
        return self.model(x)

    def frozen_norms(self):
        named = list(self.model.named_modules(remove_duplicate=False))
        thawed = {id(m) for path, m in named if any(inside(path, part) for part in self.open_parts)}
        return [m for _, m in named if is_batch_norm(m) and id(m) not in thawed]

    def unfreeze(self, *names):
        self.open_parts += names
        frozen = {id(m) for m in self.frozen_norms()}
        for part in map(self.model.get_submodule, names):
            part.requires_grad_(True)
            for m in filter(is_batch_norm, part.modules()):
                m.training = self.training and id(m) not in frozen

    def train(self, mode=True):
        super().train(mode)
        for m in self.frozen_norms():
            m.training = False
        return self

    def param_groups(self, lr, body_lr):
        head = list(self.model.get_submodule(self.head_path).parameters())
        body = [p for p in self.model.parameters() if p.requires_grad and all(p is not q for q in head)]
        pairs = [(head, lr), (body, body_lr)]
        return [{"params": params, "lr": rate} for params, rate in pairs if params]
