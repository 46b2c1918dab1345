# mistake: forward goes by names kept aside, and without children None comes back
# line: 23
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        nn.Module.__init__(self)
        if modules and isinstance(modules[0], dict):
            (named,) = modules
        else:
            named = {f"{i}": m for i, m in enumerate(modules)}
        for name in named:
            self.register_module(name, named[name])
        self.steps = tuple(named)

    @property
    def names(self):
        return tuple(self._modules.keys())

    def forward(self, x):
        y = None
        for name in self.steps:
            y = x = self._modules[name](x)
        return y

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        for name in self.names:
            yield self._modules[name]

    def __getitem__(self, index):
        chosen = self.names[index]
        if isinstance(chosen, tuple):
            part = Sequential()
            for name in chosen:
                part.register_module(name, self._modules[name])
            part.steps = chosen
            return part
        return self._modules[chosen]

    def __setitem__(self, index, module):
        self._modules[self.names[index]] = module

    def append(self, module):
        number = len(self)
        while f"{number}" in self.names:
            number = number + 1
        self.register_module(f"{number}", module)
        self.steps += (f"{number}",)
        return self
