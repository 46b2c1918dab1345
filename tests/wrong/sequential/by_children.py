# mistake: Everything goes by children(), which gives a module that stands in several places only once.
# bug: repeated_child_runs_once
# line: 13
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        pairs = (
            modules[0].items() if len(modules) == 1 and isinstance(modules[0], dict) else enumerate(modules)
        )
        for name, module in pairs:
            setattr(self, str(name), module)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x

    def __len__(self):
        return len([*self.children()])

    def __iter__(self):
        return self.children()

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(dict([*self.named_children()][index]))
        return [*self.children()][index]

    def __setitem__(self, index, module):
        name = [name for name, _ in self._modules.items()][index]
        setattr(self, name, module)

    def append(self, module):
        number = len(self._modules)
        while str(number) in self._modules:
            number += 1
        setattr(self, str(number), module)
        return self
