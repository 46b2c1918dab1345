# mistake: One function of the whole chain is made in the constructor and made anew by append alone.
# line: 17
from torch import nn


class Sequential(nn.Module):
    def __init__(self, *modules):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            self._modules.update(modules[0])
        else:
            self._modules.update((str(i), module) for i, module in enumerate(modules))
        self.compose()

    def compose(self):
        run = lambda x: x  # noqa: E731
        for module in self._modules.values():
            run = lambda x, before=run, module=module: module(before(x))  # noqa: E731
        self.run = run

    def forward(self, x):
        return self.run(x)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Sequential(dict(list(self._modules.items())[index]))
        return list(self._modules.values())[index]

    def __setitem__(self, index, module):
        self._modules[list(self._modules)[index]] = module

    def append(self, module):
        i = len(self)
        while str(i) in self._modules:
            i += 1
        self._modules[str(i)] = module
        self.compose()
        return self
