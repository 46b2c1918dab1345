# mistake: append takes the number of children as the name, whether it is taken or not (as torch itself does).
# bug: append_overwrites
# line: 45
from collections import OrderedDict
from itertools import islice

from torch import nn


class Sequential(nn.Module):
    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], dict):
            for key, module in args[0].items():
                self.add_module(key, module)
        else:
            for idx, module in enumerate(args):
                self.add_module(str(idx), module)

    def nth(self, values, n):
        if not -len(self) <= n < len(self):
            raise IndexError(f"index {n} is out of range")
        return next(islice(values, n % len(self), None))

    def __getitem__(self, idx):
        if isinstance(idx, slice):
            return Sequential(OrderedDict(list(self._modules.items())[idx]))
        return self.nth(self._modules.values(), idx)

    def __setitem__(self, idx, module):
        setattr(self, self.nth(self._modules.keys(), idx), module)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def forward(self, x):
        for module in self:
            x = module(x)
        return x

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self
