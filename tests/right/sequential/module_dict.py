from torch import nn


class Sequential(nn.ModuleDict):
    """A dict of modules that can be called; what the dict says of names, positions say here."""

    def __init__(self, *modules):
        super().__init__()
        for i, module in enumerate(modules):
            if isinstance(module, dict):
                self._modules.update(module)
            else:
                self._modules[str(i)] = module

    def forward(self, x):
        def run(children, x):
            if not children:
                return x
            head, *tail = children
            return run(tail, head(x))

        return run(list(self), x)

    def __iter__(self):
        return iter(list(self._modules.values()))

    def __getitem__(self, index):
        pairs = list(self._modules.items())
        if isinstance(index, slice):
            picked = Sequential()
            picked._modules.update(pairs[index])
            return picked
        _, module = pairs[index]
        return module

    def __setitem__(self, index, module):
        pairs = list(self._modules.items())
        pairs[index] = (pairs[index][0], module)
        self._modules.clear()
        self._modules.update(pairs)

    def append(self, module):
        free = set(map(str, range(len(self), 2 * len(self) + 1))) - set(self._modules)
        self._modules[min(free, key=int)] = module
        return self
