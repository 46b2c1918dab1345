"""one_hot appends the vocabulary; a recurrent loop wants time in front."""


def time_first_evidence():
    import torch

    steps, batch, features, hidden = 5, 3, 4, 2
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(steps, batch, features, generator=generator, requires_grad=True)
    W, U = torch.ones(features, hidden), torch.ones(hidden, hidden)

    def cell(step, h):
        return torch.tanh(step @ W + h @ U)

    def run(inputs):
        h, passes = torch.zeros(inputs.shape[1], hidden), 0
        for step in inputs:
            h, passes = cell(step, h), passes + 1
        return h, passes

    first, passes = run(x)
    one_by_one = torch.cat([run(x[:, i : i + 1])[0] for i in range(batch)])
    walks_time = passes == steps and torch.allclose(first, one_by_one)
    wrong, wrong_passes = run(x.transpose(0, 1))  # runs without complaint, over sequences
    walks_first = wrong_passes == batch and wrong.shape[0] == steps

    only_steps_in_front = False
    try:
        x.detach().transpose(0, 1) @ W  # features are last in either layout
    except RuntimeError:
        only_steps_in_front = True
    by_select = torch.zeros(batch, hidden)
    batch_first = x.transpose(0, 1)
    for t in range(steps):
        by_select = cell(batch_first[:, t], by_select)
    (slope,), (other,) = (torch.autograd.grad(h.sum(), x) for h in (first, by_select))
    layout_matters = not torch.allclose(slope, other)
    return [only_steps_in_front, walks_time and walks_first, layout_matters, first.shape[0] == steps]


def memory_draw(rng):
    batch, steps = rng.choice([32, 64, 128]), rng.choice([20, 25, 50, 100])
    V = rng.choice([5000, 8000, 10000, 20000, 32000])
    entries = batch * steps * V
    return {
        "batch": batch,
        "steps": steps,
        "V": V,
        "right": 4 * entries / 1e6,
        "long": 8 * entries / 1e6,
        "bytes": entries / 1e6,
        "ones": 4 * batch * steps / 1e6,
        "ids": 8 * batch * steps / 1e6,
    }


def memory_evidence(drawn):
    import torch
    from torch.nn import functional as F

    few = F.one_hot(torch.arange(10), 100).float()  # measured on a small one, then scaled
    each = few.untyped_storage().nbytes() / (10 * 100)
    size = each * drawn["batch"] * drawn["steps"] * drawn["V"] / 1e6
    return [abs(size / drawn[name] - 1) < 0.01 for name in ("right", "long", "bytes", "ones")]


def width_evidence():
    import torch
    from torch.nn import functional as F

    V, W = 6, torch.ones(6, 2)

    def fails(ids, *width):
        try:
            F.one_hot(torch.tensor(ids), *width).float() @ W
        except RuntimeError:
            return True
        return False

    works = not fails([0, 3, 5])
    without_the_largest = fails([0, 3, 4]) and not fails([0, 3, 4], V)
    smaller = fails([0, 5])
    a_column_each = F.one_hot(torch.tensor([0, 5])).shape[-1] == 2
    drops = F.one_hot(torch.tensor([0, 5, 0, 0])).shape[0] != 4
    return [works and without_the_largest, smaller, a_column_each, drops]


def worked():
    import torch
    from torch.nn import functional as F

    w = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    row = F.one_hot(torch.tensor(1), 3).float() @ w
    assert torch.equal(row, F.embedding(torch.tensor(1), w))
    ids = torch.empty(64, 35, dtype=torch.int64, device="meta")
    vectors = torch.empty(64, 35, 10_000, device="meta")
    return [f"({row[0]:.0f}, {row[1]:.0f})", f"{vectors.nbytes / 1e6:.1f} MB", f"{ids.nbytes / 1e6:.3f} MB"]
