# mistake: Two at once: a slice holds copies, and a replaced module goes to the end.
# bug: slice_copies + replaced_moves_to_end
# line: 29
from copy import deepcopy

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            self._modules = dict(modules[0])
        else:
            self._modules = {str(i): m for i, m in enumerate(modules)}

    def forward(self, x):
        for module in self:
            x = module(x)
        return x

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(deepcopy(dict(list(self._modules.items())[index])))
        return list(self._modules.values())[index]

    def __setitem__(self, index, module):
        name = list(self._modules)[index]
        self._modules.pop(name)
        self._modules[name] = module

    def append(self, module):
        i = len(self)
        while str(i) in self._modules:
            i += 1
        self._modules[str(i)] = module
        return self
