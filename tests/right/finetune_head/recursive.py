from torch import nn


class FineTuner(nn.Module):
    """Walks the tree of modules by hand and writes every mode itself."""

    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model = model
        self.thawed = {}
        self.where = tuple(head.split("."))
        self.replace(model, self.where, num_classes)
        for p in model.parameters():
            p.requires_grad = False
        self.unfreeze(head)

    def replace(self, module, path, outputs):
        first, *rest = path
        if rest:
            return self.replace(module._modules[first], rest, outputs)
        old = module._modules[first]
        new = nn.Linear(old.weight.shape[1], outputs, bias=old.bias is not None)
        module._modules[first] = new.to(device=old.weight.device, dtype=old.weight.dtype)

    def walk(self, module, path=(), free=False):
        free = free or path in self.thawed
        yield module, path, free
        for name, child in module.named_children():
            yield from self.walk(child, (*path, name), free)

    def forward(self, x):
        return self.model(x)

    def unfreeze(self, *names):
        self.thawed |= {tuple(name.split(".")): True for name in names}
        for module, _, free in self.walk(self.model):
            for p in module.parameters(recurse=False):
                p.requires_grad = free
            if free and type(module).__name__.startswith("BatchNorm"):
                module.training = self.training
        if not hasattr(self, "begun"):
            self.begun = True
            self.train()

    def train(self, mode=True):
        nn.Module.train(self, mode)
        for module, _, free in self.walk(self.model):
            if type(module).__name__ in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"):
                module.training = mode and free
        return self

    def param_groups(self, lr, body_lr):
        found = {lr: [], None: []}
        for module, path, free in self.walk(self.model):
            own = list(module.parameters(recurse=False)) if free else []
            found[lr if path == self.where else None] += own
        groups = [{"params": found[lr], "lr": lr}]
        return groups + ([{"params": found[None], "lr": body_lr}] if found[None] else [])
