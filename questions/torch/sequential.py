"""A Sequential is a chain of children whose names are strings."""


def module_as_key_evidence():
    import torch
    from torch import nn

    class Own(nn.Module):
        def __init__(self, *modules):
            super().__init__()
            for module in modules:
                self._modules[module] = module

        def forward(self, x):
            for module in self._modules.values():
                x = module(x)
            return x

    layers = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    own, right = Own(*layers), nn.Sequential(*layers)
    x = torch.ones(1, 2)
    runs = torch.equal(own(x), right(x))

    def raises(function):
        try:
            function()
        except TypeError:
            return True
        return False

    fails = all(raises(f) for f in (lambda: list(own.parameters()), own.state_dict, lambda: repr(own)))
    shuffled = list(own._modules.values()) != list(layers)
    return [not fails, shuffled, runs and fails, len(own._modules) < 3]


def chain_only_evidence():
    from itertools import pairwise

    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self, f):
            super().__init__()
            self.f = f

        def forward(self, x):
            return x + self.f(x)

    f = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    x = torch.ones(2, 3, requires_grad=True)
    handed = []
    for layer in f:
        layer.register_forward_hook(lambda _module, inputs, output: handed.append((inputs, output)))
    y = f(x)
    chain = all(len(inputs) == 1 for inputs, _ in handed) and all(
        later[0][0] is earlier[1] for earlier, later in pairwise(handed)
    )
    try:
        own_modules = torch.equal(nn.Sequential(Residual(f))(x), x + y)
    except Exception:
        own_modules = False
    overwritten = not torch.equal(x, torch.ones(2, 3))

    (both,) = torch.autograd.grad((x + f(x)).sum(), x)
    (inner,) = torch.autograd.grad(f(x).sum(), x)
    wrong_gradient = not torch.allclose(both, 1 + inner)
    return [not own_modules, chain, overwritten, wrong_gradient]


def worked():
    import torch
    from torch import nn

    double, shift = nn.Linear(1, 1), nn.Linear(1, 1)
    with torch.no_grad():
        double.weight.fill_(2), double.bias.zero_(), shift.weight.fill_(1), shift.bias.fill_(1)
    net = nn.Sequential(double, nn.ReLU(), shift)
    ends = [f"{net(torch.tensor([x])).item():.0f}" for x in (-3.0, 3.0)]
    return [f"{double(torch.tensor([-3.0])).item():.0f}".replace("-", "−"), *ends]
