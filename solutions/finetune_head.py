"""Fine-tuning: a new head on a frozen body that is thawed part by part."""

from typing import Any

from torch import Tensor, nn

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class FineTuner(nn.Module):
    """Frozen means two things: parameters without gradients, and batch norms in eval mode.

    θ_head ← θ_head − lr · g,   θ_body ← θ_body − body_lr · g  where thawed
    """

    def __init__(self, model: nn.Module, head: str, num_classes: int):
        super().__init__()
        self.model = model
        self.head = head  # its path within the model: "fc", "classifier.2"
        self.thawed: list[str] = []
        old = model.get_submodule(head)
        new = nn.Linear(old.in_features, num_classes, bias=old.bias is not None)
        parent, _, name = head.rpartition(".")
        setattr(model.get_submodule(parent), name, new.to(old.weight))  # dtype and device as before
        model.requires_grad_(False)
        self.unfreeze(head)  # which sets the modes, too

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)

    def unfreeze(self, *names: str) -> None:
        self.thawed += names
        for name in names:
            self.model.get_submodule(name).requires_grad_(True)
        self.train(self.training)

    def train(self, mode: bool = True) -> "FineTuner":
        super().train(mode)
        for path, module in self.model.named_modules():
            if isinstance(module, BATCH_NORMS) and not self._is_thawed(path):
                module.eval()  # neither uses nor moves batch statistics
        return self

    def param_groups(self, lr: float, body_lr: float) -> list[dict[str, Any]]:
        head = list(self.model.get_submodule(self.head).parameters())
        body = [p for path, p in self.model.named_parameters() if path.rpartition(".")[0] != self.head]
        thawed = [p for p in body if p.requires_grad]
        groups = [{"params": head, "lr": lr}, {"params": thawed, "lr": body_lr}]
        return [group for group in groups if group["params"]]

    def _is_thawed(self, path: str) -> bool:
        return any(path == part or path.startswith(part + ".") for part in self.thawed)
