"""A tensor lies on one device; Python waits for it only when it needs the values."""


def second_gpu_evidence():
    import torch

    def index(make):
        """Which GPU a tensor would be put on; None where it is no place for a tensor."""
        try:
            place = make()
            if not isinstance(place, torch.device):
                torch.zeros(3, device=place)
        except TypeError:
            return None
        return place.index

    options = [
        lambda: torch.device("cuda:2"),
        lambda: torch.cuda.device("cuda:1"),
        lambda: torch.device("cuda:1"),
        lambda: torch.cuda("cuda:1"),
    ]
    return [index(option) == 1 for option in options]


def mixed_evidence():
    import torch

    a = torch.ones(3, device="meta")  # a device other than the CPU, there on every machine

    def adds(b):
        try:
            a + b
        except RuntimeError:
            return False
        return True

    return [
        adds(torch.tensor([2.0])),
        adds(torch.tensor([1.0, 2.0, 3.0])),
        adds(torch.ones(3, requires_grad=True)),
        adds(torch.tensor(2.0)),
    ]


def host_waits_evidence():
    import torch

    # Tensors on `meta` have no values: what runs there needs none, what fails there would have to wait.
    loss, x, losses = torch.ones((), device="meta"), torch.ones(5, device="meta"), []

    def needs_values(line):
        try:
            line()
        except (RuntimeError, NotImplementedError):
            return True
        return False

    return [
        needs_values(lambda: loss.item()),
        needs_values(lambda: losses.append(loss.detach())),
        needs_values(lambda: bool(loss > 100)),
        needs_values(lambda: x.reshape(-1, 1)),
        needs_values(lambda: x[x > 0]),
    ]
