# mistake: A new tuner leaves all modes as they were; frozen batch norms are put into eval mode by the next train().
# bug: mode_kept
from torch import nn

NORMS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d


class FineTuner(nn.Module):
    def __init__(self, model, head, num_classes):
        super().__init__()
        self.model = model.requires_grad_(False)
        self.path, self.frozen = head, [m for m in model.modules() if isinstance(m, NORMS)]
        old, (parent, _, name) = model.get_submodule(head), head.rpartition(".")
        kw = dict(bias=old.bias is not None, device=old.weight.device, dtype=old.weight.dtype)
        setattr(model.get_submodule(parent), name, nn.Linear(old.in_features, num_classes, **kw))
        self.training = True

    def forward(self, x):
        return self.model(x)

    def unfreeze(self, *names):
        parts = [self.model.get_submodule(name).requires_grad_() for name in names]
        open_ = [m for part in parts for m in part.modules() if isinstance(m, NORMS)]
        self.frozen = [m for m in self.frozen if all(m is not o for o in open_)]
        [m.train(self.training) for m in open_]

    def train(self, mode=True):
        super().train(mode)
        [m.eval() for m in self.frozen]
        return self

    def param_groups(self, lr, body_lr):
        head = {id(p) for p in self.model.get_submodule(self.path).parameters()}
        split = {True: [], False: []}
        [split[id(p) in head].append(p) for p in self.model.parameters() if p.requires_grad]
        return [{"params": split[k], "lr": r} for k, r in ((True, lr), (False, body_lr)) if split[k]]
