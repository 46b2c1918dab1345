from functools import reduce
from itertools import count, islice

from torch import nn


class Sequential(nn.Module):
    """Each method is one expression."""

    def __init__(self, *modules):
        super().__init__()
        given = modules[0] if [isinstance(m, dict) for m in modules] == [True] else None
        self._modules.update(zip(map(str, count()), modules, strict=False) if given is None else given)

    forward = lambda self, x: reduce(lambda value, module: module(value), self, x)  # noqa: E731
    __len__ = lambda self: sum(1 for _ in self)  # noqa: E731
    __iter__ = lambda self: iter(tuple(self._modules.values()))  # noqa: E731

    def __getitem__(self, index):
        names = [*self._modules]
        if isinstance(index, slice):
            return Sequential({name: self._modules[name] for name in names[index]})
        return next(islice(self, range(len(names))[index], None))

    def __setitem__(self, index, module):
        self._modules |= {[*self._modules][index]: module}

    def append(self, module):
        self._modules[next(n for n in map(str, count(len(self))) if n not in self._modules)] = module
        return self
