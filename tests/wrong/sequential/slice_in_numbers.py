# mistake: The children of a slice are called "0", "1", … again.
# bug: slice_renumbered
# line: 33
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        first = modules[0] if len(modules) == 1 else None
        if isinstance(first, dict):
            self._modules.update(first)
        for i, module in enumerate(modules):
            if not isinstance(module, dict):
                self._modules[str(i)] = module

    def forward(self, x):
        for layer in self._modules.values():
            x = layer(x)
        return x

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        layers = list(self._modules.values())
        picked = layers[index]
        if isinstance(picked, list):
            part = Sequential()
            for layer in picked:
                part.append(layer)
            return part
        return picked

    def __setitem__(self, index, module):
        self._modules[list(self._modules)[index]] = module

    def append(self, module):
        name = len(self._modules)
        while str(name) in self._modules:
            name += 1
        self._modules[str(name)] = module
        return self
