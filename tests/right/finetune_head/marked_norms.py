import torch
from torch import nn


class FineTuner(nn.Module):
    """Each frozen batch norm carries a mark, which a copy takes along."""

    NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)

    def __init__(self, model, head, num_classes):
        super().__init__()
        self.add_module("model", model)
        self.path = head
        above, _, name = head.rpartition(".")
        old = model.get_submodule(head)
        model.requires_grad_(False)
        fresh = nn.Linear(old.in_features, num_classes, old.bias is not None).type(old.weight.dtype)
        model.get_submodule(above)._modules[name] = fresh.to(old.weight.device)
        for norm in self.norms(model):
            norm.kept_still = True
        self.train(True)

    def norms(self, part):
        return [m for m in part.modules() if isinstance(m, self.NORMS)]

    def forward(self, x):
        return self.model.forward(x)

    def unfreeze(self, *names):
        for part in map(self.model.get_submodule, names):
            for p in part.parameters():
                p.requires_grad_()
            for norm in self.norms(part):
                norm.kept_still = False
                norm.training = self.training

    def train(self, mode=True):
        nn.Module.train(self, mode)
        for norm in self.norms(self.model):
            norm.training = mode and not norm.kept_still
        return self

    def param_groups(self, lr, body_lr):
        head = [*self.model.get_submodule(self.path).parameters()]
        mine = {id(p) for p in head}
        body = [p for p in self.parameters() if p.requires_grad and id(p) not in mine]
        return [{"params": head, "lr": lr}] + [{"params": body, "lr": body_lr}] * bool(body)
