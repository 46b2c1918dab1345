# mistake: Two at once: tuples are unpacked on their way, and append takes a Sequential apart.
# bug: tuples_unpacked + nested_flattened
# line: 17
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
        for module in self:
            x = module(*x) if isinstance(x, tuple) else module(x)
        return x

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        items = list(self._modules.items())
        return Sequential(dict(items[index])) if isinstance(index, slice) else items[index][1]

    def __setitem__(self, index, module):
        self._modules[list(self._modules)[index]] = module

    def append(self, module):
        for each in module if isinstance(module, Sequential) else [module]:
            i = len(self)
            while str(i) in self._modules:
                i += 1
            self.add_module(str(i), each)
        return self
