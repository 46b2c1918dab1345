from torch import nn


class Sequential(nn.Module):
    """As in any textbook, with the branches written out."""

    def __init__(self, *modules):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(modules):
                self.add_module(str(i), module)

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        yield from self._modules.values()

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = Sequential()
            for name in list(self._modules.keys())[index]:
                part.add_module(name, self._modules[name])
            return part
        if index < -len(self) or index >= len(self):
            raise IndexError(f"no child at position {index}")
        name = list(self._modules.keys())[index]
        return self._modules[name]

    def __setitem__(self, index, module):
        if index < -len(self) or index >= len(self):
            raise IndexError(f"no child at position {index}")
        self.add_module(list(self._modules.keys())[index], module)

    def append(self, module):
        name = len(self)
        while hasattr(self, str(name)):
            name = name + 1
        self.add_module(str(name), module)
        return self
