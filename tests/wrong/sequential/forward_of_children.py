# mistake: The forward methods of the children are called, and the hooks left out.
# bug: hooks_skipped
# line: 18
from functools import reduce

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        if any(isinstance(module, dict) for module in modules):
            (modules,) = modules
        for i, entry in enumerate(modules.items() if isinstance(modules, dict) else modules):
            self.add_module(*entry) if isinstance(entry, tuple) else self.add_module(str(i), entry)

    def forward(self, x):
        return reduce(lambda value, module: module.forward(value), self._modules.values(), x)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(dict([*self._modules.items()][index]))
        return [*self._modules.values()][index]

    def __setitem__(self, index, module):
        setattr(self, [*self._modules][index], module)

    def append(self, module):
        i = len(self)
        while str(i) in self._modules:
            i += 1
        self.add_module(str(i), module)
        return self
