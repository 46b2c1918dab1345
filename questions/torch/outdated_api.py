"""What old notes still use, and how to find it."""


def range_evidence():
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = torch.range(0, 10)
    ten, floats = len(found) == 10, found.is_floating_point()
    ends_at_ten = found[-1].item() == 10 and len(found) == 11
    return [ten and not floats, ends_at_ten and floats, ten and floats, not isinstance(found, torch.Tensor)]


def super_form_evidence():
    import torch
    from torch import nn

    calls = []

    class Mixin:
        def __init__(self):
            calls.append("mixin")
            super().__init__()

        def name(self):
            return "mixin"

    class Long(Mixin, nn.Module):
        def __init__(self):
            super(Long, self).__init__()  # noqa: UP008  (the spelling in question)
            self.fc = nn.Linear(2, 1)

        def name(self):
            return super(Long, self).name()  # noqa: UP008

    class Short(Mixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 1)

        def name(self):
            return super().name()

    def made(kind):
        calls.clear()
        net = kind()
        works = net.fc(torch.ones(1, 2)).shape == (1, 1) and len(list(net.parameters())) == 2
        return works, list(calls), set(vars(net)), net.name()

    long, short = made(Long), made(Short)
    not_set_up = not short[0]
    first_only = long[1] != short[1]
    only_in_init = short[3] != "mixin"
    return [not_set_up, first_only, long == short, only_in_init]


def how_to_tell_evidence():
    import warnings

    import torch
    from torch import nn

    source = "import torch\ndef train(A):\n    return torch.symeig(A)\n"
    module = {}
    exec(source, module)  # the removed name does no harm yet
    try:
        module["train"](torch.eye(2))
    except (RuntimeError, AttributeError):
        found_at_import = False
    else:
        found_at_import = True

    x = torch.tensor([[1.0, 2.0]])
    old_call = nn.functional.softmax
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old = old_call(x)  # without dim
    changes_results = not (torch.equal(old, old_call(x, dim=1)) and caught)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what -W error does
        try:
            old_call(x)
        except UserWarning as warning:
            stops = "dim" in str(warning)  # and names the remedy
        else:
            stops = False
        try:
            nn.init.xavier_uniform_(torch.empty(2, 2))
        except (FutureWarning, UserWarning, DeprecationWarning):
            underscore_is_old = True
        else:
            underscore_is_old = False
    return [stops and not found_at_import, found_at_import, changes_results, underscore_is_old]
