"""He initialisation: the second moment of ReLU networks from layer to layer."""


def moments(depth, width, make, slope=0.0, seed=0):
    """The mean square of the pre-activations at each layer; `make(width, generator)` draws a weight."""
    import torch
    from torch.nn import functional as F

    g = torch.Generator().manual_seed(seed)
    h, squares = torch.randn(64, width, generator=g), []
    for _ in range(depth):
        z = h @ make(width, g).mT
        squares.append(z.square().mean().item())
        h = F.leaky_relu(z, slope)
    return squares


def normal(variance_times_fan_in):
    import torch

    return lambda width, g: (variance_times_fan_in / width) ** 0.5 * torch.randn(width, width, generator=g)


def torch_default(width, g):
    """What `nn.Linear` does in `reset_parameters`, with a generator of its own."""
    import torch
    from torch import nn

    weight = torch.empty(width, width)
    return nn.init.kaiming_uniform_(weight, a=5**0.5, generator=g)


def layer_factor(make, slope=0.0, depth=8, width=512):
    """The typical factor of the mean square from one layer to the next."""
    squares = moments(depth, width, make, slope)
    return (squares[-1] / squares[0]) ** (1 / (depth - 1))


def factor_two_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    z = torch.randn(200_000, generator=g)
    kept = (torch.relu(z).square().mean() / z.square().mean()).item()
    xavier = layer_factor(normal(1.0))  # 2/(fan_in + fan_out) in square layers
    he = layer_factor(normal(2.0))
    weights = torch.randn(512, 512, generator=g)
    active = (torch.randn(2000, 512, generator=g) @ weights > 0).float().mean(0)
    some_dead = (active < 0.01).any().item()
    return [
        abs(xavier - 1) < 0.1,
        some_dead,
        abs(kept - 0.5) < 0.01 and abs(he - 1) < 0.1,
        abs(kept - 0.25) < 0.05,
    ]


def xavier_relu_draw(rng):
    layers = rng.choice([5, 6, 7, 8, 10])
    return {
        "layers": layers,
        "last": layers + 1,
        "answer": float(f"{0.5**layers:.3g}"),
        "quarter": float(f"{0.25**layers:.3g}"),
        "root": float(f"{0.5 ** (layers / 2):.3g}"),
    }


def xavier_relu_evidence(drawn):
    import torch
    from torch import nn

    def xavier(width, g):
        return nn.init.xavier_normal_(torch.empty(width, width), generator=g)

    factors = []
    for seed in range(3):
        squares = moments(drawn["layers"] + 1, 512, xavier, seed=seed)
        factors.append(squares[-1] / squares[0])
    measured = sum(factors) / len(factors)
    return [
        abs(value / measured - 1) < 0.3 for value in (drawn["answer"], 1, drawn["quarter"], drawn["root"])
    ]


def torch_default_evidence():
    import torch
    from torch import nn

    layer = nn.utils.skip_init(nn.Linear, 300, 200)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer.reset_parameters()
    bound = layer.weight.abs().max().item()
    assert 0.99 < bound * 300**0.5 <= 1, "the default's bound is 1/√fan_in"
    factor = layer_factor(torch_default)
    return [abs(factor / claim - 1) < 0.1 for claim in (1 / 6, 1, 1 / 2, 1 / 3)]


def leaky_draw(rng):
    a = rng.choice([0.2, 0.25, 0.3, 0.4, 0.5])
    value = 2 / (1 + a * a)
    return {
        "a": a,
        "answer": float(f"{value:.3g}"),
        "unsquared": float(f"{2 / (1 + a):.3g}"),
        "root": float(f"{value**0.5:.3g}"),
    }


def leaky_evidence(drawn):
    """With 2,000,000 draws of z: which value makes up for the part of the mean square that is lost?"""
    import torch

    z = torch.randn(2_000_000, generator=torch.Generator().manual_seed(0))
    kept = torch.nn.functional.leaky_relu(z, drawn["a"]).square().mean() / z.square().mean()
    return [
        abs(value * kept.item() - 1) < 0.008
        for value in (drawn["answer"], 2, drawn["unsquared"], drawn["root"])
    ]


def same_output_evidence():
    import torch

    off, shrinks, alike, low = [], [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(64, 512, generator=g, dtype=torch.float64)

        def run(make, bias, x=x, g=g):
            h, spread, rows = x, [], []
            for _ in range(30):
                w = make(512, g).double()
                b = (2 * torch.rand(512, generator=g, dtype=torch.float64) - 1) / 512**0.5
                h = torch.relu(h @ w.mT + b * bias)
                spread.append(h.std(0).mean().item())
                rows.append(torch.linalg.matrix_rank(w).item() if len(rows) < 1 else 512)
            return h, spread, rows

        h, spread, rank = run(torch_default, 1.0)
        he, he_spread, _ = run(normal(2.0), 1.0)
        size = h.square().mean().sqrt().item()
        assert 0.01 < size < 0.04
        factor = (spread[25] / spread[5]) ** (1 / 20)
        shrinks.append(
            spread[-1] < 1e-7 * size
            and 0.36 < factor < 0.46
            and he_spread[-1] > 0.01 * he.square().mean().sqrt().item()
        )
        off.append((h == 0).all(0).double().mean().item() > 0.99)
        alike.append(spread[0] < 0.5 * 0.41)
        low.append(rank[0] < 500)
    return [all(off), all(shrinks), all(alike), all(low)]


def worked():
    import torch
    from torch import nn

    layer = nn.utils.skip_init(nn.Linear, 512, 512)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer.reset_parameters()
    he, default = (2 / 512) ** 0.5, (1 / (3 * 512)) ** 0.5
    assert abs(layer.weight.std().item() / default - 1) < 0.01
    return [f"{0.5**30:.1e}", f"{he:.4f}", f"{default:.4f}", f"{6.0**-10:.1e}"]


def experiment(off=False):
    depth, width = 20, 512
    slope = 1.0 if off else 0.0  # a leaky ReLU of slope 1 is no ReLU
    runs = {
        "He: 2/fan_in": moments(depth, width, normal(2.0), slope),
        "Xavier: 1/fan_in": moments(depth, width, normal(1.0), slope),
        ("torch default", "torch 默认"): moments(depth, width, torch_default, slope),
        "4/fan_in": moments(depth, width, normal(4.0), slope),
    }
    factors = [(squares[-1] / squares[0]) ** (1 / (depth - 1)) for squares in runs.values()]
    for factor, expected in zip(factors, (2, 1, 1 / 3, 4) if off else (1, 1 / 2, 1 / 6, 2), strict=True):
        assert abs(factor / expected - 1) < 0.15, f"a factor of about {expected:.2g} a layer"
    return {
        "off": ("linear layers, without ReLU", "去掉 ReLU 的线性层"),
        "says": (
            f"Without ReLU nothing is halved, and every factor doubles: Xavier keeps the mean square ({factors[1]:.2f} a layer), He's 2 "
            f"makes it grow ({factors[0]:.2f}).",
            f"没有 ReLU，就没有减半，每个倍数都翻一番：Xavier 保持均方值不变（每层 {factors[1]:.2f} 倍），He 的 2 反而使它增长"
            f"（{factors[0]:.2f} 倍）。",
        )
        if off
        else (
            f"Mean square of the pre-activations in a ReLU network, factor a layer: He {factors[0]:.2f}, Xavier {factors[1]:.2f}, "
            f"torch's default {factors[2]:.2f}, twice He {factors[3]:.2f}. After {depth} layers the default leaves {runs['torch default', 'torch 默认'][-1]:.0e}.",
            f"ReLU 网络中预激活的均方值，每层的倍数：He 为 {factors[0]:.2f}，Xavier 为 {factors[1]:.2f}，torch 默认为 {factors[2]:.2f}，"
            f"He 的两倍为 {factors[3]:.2f}。{depth} 层之后，默认初始化只剩 {runs['torch default', 'torch 默认'][-1]:.0e}。",
        ),
        "title": ("Signal in a plain network, by layer", "朴素网络中各层的信号"),
        "chart": "curves",
        "x": list(range(1, depth + 1)),
        "x_label": ("layer", "层"),
        "y_label": ("mean square of z", "z 的均方值"),
        "log_x": False,
        "log_y": True,
        "series": list(runs.items()),
    }
