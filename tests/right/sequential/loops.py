import torch


class Sequential(torch.nn.Module):
    """No list is ever indexed: every position is counted off, slowly."""

    def __init__(self, *modules):
        torch.nn.Module.__init__(self)
        position = 0
        for module in modules:
            if isinstance(module, dict):
                for name in module:
                    setattr(self, name, module[name])
            else:
                setattr(self, str(position), module)
                position += 1

    def forward(self, x):
        i = 0
        while i < len(self):
            x = self[i](x)
            i += 1
        return x

    def __len__(self):
        count = 0
        for _ in self._modules:
            count += 1
        return count

    def __iter__(self):
        children = []
        for name in self._modules:
            children.append(self._modules[name])
        return iter(children)

    def name_at(self, index):
        if index < 0:
            index += len(self)
        i = 0
        for name in self._modules:
            if i == index:
                return name
            i += 1
        raise IndexError(index)

    def __getitem__(self, index):
        if not isinstance(index, slice):
            return self._modules[self.name_at(index)]
        part = Sequential()
        start, stop, step = index.indices(len(self))
        for i in range(start, stop, step):
            name = self.name_at(i)
            part.register_module(name, self._modules[name])
        return part

    def __setitem__(self, index, module):
        setattr(self, self.name_at(index), module)

    def append(self, module):
        taken = [name for name, _ in self._modules.items()]
        number = len(taken)
        for _ in range(len(taken)):
            if str(number) in taken:
                number += 1
        setattr(self, str(number), module)
        return self
