# mistake: Positions are turned into names by counting from the front: in slices and dicts they are not found.
# line: 26
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        named = modules[0] if modules and isinstance(modules[0], dict) else dict(enumerate(modules))
        for name, module in named.items():
            self.add_module(str(name), module)

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def name(self, i):
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        return str(i % len(self))

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential({self.name(i): self[i] for i in range(*index.indices(len(self)))})
        return self._modules[self.name(index)]

    def __setitem__(self, index, module):
        self._modules[self.name(index)] = module

    def append(self, module):
        self._modules[str(len(self))] = module
        return self
