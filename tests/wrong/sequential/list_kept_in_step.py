# mistake: forward goes over a list of its own, which hears of append and net[i] = …, but not of add_module.
# bug: own_list_beside
# line: 18
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        self.order = []
        named = (
            modules[0].items() if len(modules) == 1 and isinstance(modules[0], dict) else enumerate(modules)
        )
        for name, module in named:
            setattr(self, str(name), module)
            self.order.append(module)

    def forward(self, x):
        for module in self.order:
            x = module(x)
        return x

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        return iter(self.order)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(dict(list(self._modules.items())[index]))
        return self.order[index]

    def __setitem__(self, index, module):
        self.order[index] = module
        setattr(self, list(self._modules)[index], module)

    def append(self, module):
        number = len(self)
        while str(number) in self._modules:
            number += 1
        setattr(self, str(number), module)
        self.order.append(module)
        return self
