"""A parameter's name is its path, and loading goes by names alone."""


def last_bias_draw(rng):
    k = rng.randint(2, 9)
    return {
        "k": k,
        "right": 3 * k,
        "before": 3 * k - 1,
        "linears": k,
        "learned": 2 * k,
        "from_one": 3 * k + 1,
    }


def last_bias_evidence(drawn):
    from torch import nn

    layers = []
    for _ in range(drawn["k"]):
        layers += [nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU()]
    name, _ = list(nn.Sequential(*layers, nn.Linear(2, 1)).named_parameters())[-1]
    return [name == f"{drawn[option]}.bias" for option in ("linears", "learned", "right", "from_one")]


def prefix_evidence():
    import torch
    from torch import nn

    def make(value):
        net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
        for number, p in enumerate(net.parameters()):
            nn.init.constant_(p, value + number)
        return net

    trained, bare = make(10.0), make(0.0)
    state = nn.DataParallel(trained).state_dict()
    result = bare.load_state_dict(state, strict=False)
    untouched = all(torch.equal(a, b) for a, b in zip(bare.parameters(), make(0.0).parameters(), strict=True))
    prefixed = all(key.startswith("module.") for key in state)
    nothing = untouched and prefixed and len(result.missing_keys) == len(list(bare.parameters()))
    shards = any(
        a.shape != b.shape for a, b in zip(state.values(), trained.state_dict().values(), strict=True)
    )

    bare.load_state_dict(dict(reversed(trained.state_dict().items())))
    by_order = not torch.equal(bare[0].weight, trained[0].weight)
    x = torch.ones(1, 3)
    needs_optimizer = not torch.equal(bare(x), trained(x))
    return [by_order, nothing, shards, needs_optimizer]


def decay_by_name_evidence():
    import torch
    from torch import nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.proj = nn.Linear(4, 4)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.attn = nn.LayerNorm(4), Attention()
            self.mlp = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))

    model = nn.Module()
    model.blocks = nn.ModuleList([Block()])
    spared = {  # what the convention spares, found by the kind of the layer
        id(p)
        for module in model.modules()
        for name, p in module.named_parameters(recurse=False)
        if name == "bias" or isinstance(module, nn.LayerNorm)
    }
    parameters = dict(model.named_parameters())
    assert all((p.ndim < 2) == (id(p) in spared) for p in parameters.values()), "ndim follows the convention"
    assert torch.equal(parameters["blocks.0.norm.weight"], torch.ones(4))

    def against(name):
        decayed = "bias" not in name
        return decayed == (id(parameters[name]) in spared)

    return [
        against("blocks.0.norm.bias"),
        against("blocks.0.mlp.0.weight"),
        against("blocks.0.attn.proj.bias"),
        against("blocks.0.norm.weight"),
    ]
