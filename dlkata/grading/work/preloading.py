"""What torch imports late, imported early: once in the process that forks, instead of in every worker."""

from importlib import import_module


def preload_gradients() -> None:
    """What the first torch.autograd.grad would import: half a second's worth."""
    import_module("torch.fx.experimental.symbolic_shapes")


def preload_optimizers() -> None:
    """What the first optimizer step would import: another second's worth."""
    import_module("torch._dynamo")
