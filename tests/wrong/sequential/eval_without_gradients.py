# mistake: In eval mode the chain runs without gradients.
# line: 17
import torch
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        named = {str(i): module for i, module in enumerate(modules)}
        if len(modules) == 1 and isinstance(modules[0], dict):
            named = modules[0]
        for name, module in named.items():
            self.add_module(name, module)

    def forward(self, x):
        with torch.set_grad_enabled(self.training and torch.is_grad_enabled()):
            for module in self:
                x = module(x)
        return x

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(dict(list(self._modules.items())[index]))
        return list(self._modules.values())[index]

    def __setitem__(self, index, module):
        self._modules[list(self._modules)[index]] = module

    def append(self, module):
        i = len(self)
        while str(i) in self._modules:
            i += 1
        self.add_module(str(i), module)
        return self
