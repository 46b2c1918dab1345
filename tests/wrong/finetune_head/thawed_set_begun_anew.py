# mistake: Each call of unfreeze forgets the batch norms of the calls before.
# bug: norms_of_last_part
from torch import nn

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class FineTuner(nn.Module):
    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model = model
        self.head = head
        self.thawed = set()
        for p in model.parameters():
            p.requires_grad_(False)
        old = model.get_submodule(head)
        new = nn.Linear(
            old.in_features,
            num_classes,
            bias=old.bias is not None,
            device=old.weight.device,
            dtype=old.weight.dtype,
        )
        parent, _, name = head.rpartition(".")
        setattr(model.get_submodule(parent), name, new)
        self.train()

    def forward(self, x):
        return self.model(x)

    def unfreeze(self, *names):
        self.thawed = set()
        for name in names:
            part = self.model.get_submodule(name)
            for p in part.parameters():
                p.requires_grad_(True)
            for module in part.modules():
                if isinstance(module, BATCH_NORMS):
                    self.thawed.add(module)
                    module.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        for module in self.model.modules():
            if isinstance(module, BATCH_NORMS) and module not in self.thawed:
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
