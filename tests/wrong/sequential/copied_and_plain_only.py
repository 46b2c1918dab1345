# mistake: a slice holds copies, and an OrderedDict is not taken as a dict
# line: 29
import copy
import functools
import itertools

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        named = dict(enumerate(modules))
        if len(modules) == 1 and type(modules[0]) is dict:
            named = modules[0]
        self._modules.update((str(k), m) for k, m in named.items())

    def forward(self, x):
        return functools.reduce(lambda value, module: module(value), self, x)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        yield from self._modules.values()

    def __getitem__(self, index):
        items = [*self._modules.items()][index]
        return Sequential(copy.deepcopy(dict(items))) if isinstance(index, slice) else items[1]

    def __setitem__(self, index, module):
        name, _ = [*self._modules.items()][index]
        setattr(self, name, module)

    def append(self, module):
        free = (str(i) for i in itertools.count(len(self)) if str(i) not in self._modules)
        self.add_module(next(free), module)
        return self
