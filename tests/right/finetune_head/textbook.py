from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class FineTuner(nn.Module):
    """Names are looked up one after the other, everything written out."""

    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model = model
        self.head_name = head
        self.free = {head}
        *path, last = head.split(".")
        parent = model
        for step in path:
            parent = getattr(parent, step)
        old = getattr(parent, last)
        new = nn.Linear(
            old.in_features,
            num_classes,
            bias=old.bias is not None,
            device=old.weight.device,
            dtype=old.weight.dtype,
        )
        for p in model.parameters():
            p.requires_grad = False
        setattr(parent, last, new)
        self.train()

    def forward(self, x):
        return self.model(x)

    def is_free(self, name):
        pieces = name.split(".")
        for i in range(1, len(pieces) + 1):
            if ".".join(pieces[:i]) in self.free:
                return True
        return False

    def unfreeze(self, *names):
        for name in names:
            self.free.add(name)
        for name, p in self.model.named_parameters():
            if self.is_free(name):
                p.requires_grad = True
        self.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        for name, module in self.model.named_modules():
            if isinstance(module, _BatchNorm):
                module.train(mode and self.is_free(name))
        return self

    def param_groups(self, lr, body_lr):
        head, body = [], []
        for name, p in self.model.named_parameters():
            if name == self.head_name + ".weight" or name == self.head_name + ".bias":
                head.append(p)
            elif p.requires_grad:
                body.append(p)
        groups = [{"params": head, "lr": lr}]
        if body:
            groups.append({"params": body, "lr": body_lr})
        return groups
