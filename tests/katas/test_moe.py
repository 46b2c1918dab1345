"""Grades katas/moe.py."""

from functools import partial

import torch

from dlkata.suite import (
    adopted,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    gradients,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    place,
    same,
    samples_apart,
    share_nothing,
    spread,
    starts_like,
    travels,
)

SIZES = ((7, 4, 2), (9, 5, 3), (6, 3, 1), (5, 4, 4), (1, 3, 2), (1, 1, 1), (4, 1, 1), (4, 4, 2))  # N, E, k


def drawn(seed, tokens=9, experts=4, scale=1.5):
    """Logits; those of one expert are larger, so that loads differ."""
    (logits,) = normal(seed, (tokens, experts), scale=scale, grad=False)
    logits[:, -1] += 1.0
    return logits.requires_grad_()


def routed(candidate, reference, make, label, *arguments, **options):
    found, right = (m.route(make(), *arguments, **options) for m in (candidate, reference))
    same(found, right, [f"experts ({label})", f"gates ({label})"])


def test_route(candidate, reference, seed):
    """route: the chosen experts and their gates are right
    route：选中的专家和 gate 正确"""
    for tokens, experts, k in SIZES:
        make = partial(drawn, seed, tokens, experts)
        routed(candidate, reference, make, f"N = {tokens}, E = {experts}, k = {k}", k)


def test_gates_carry_gradients(candidate, reference, seed):
    """route: gradients of the logits are right, with and without a capacity
    route：logits 的梯度正确，有没有容量限制都一样"""
    for k, capacity in ((2, None), (3, None), (2, 3), (1, None)):
        found, right = [], []
        for module, grown in ((candidate, found), (reference, right)):
            logits = drawn(seed)
            gates = module.route(logits, k, capacity)[1]
            grown += gradients(gates, [logits])
        same(found, right, [f"∂L/∂logits (k = {k}, capacity = {capacity})"])


def test_extreme_logits(candidate, reference, seed):
    """route: logits of ±30
    route：logits 达到 ±30"""

    def make():
        logits = drawn(seed, scale=0.3).detach()
        return (logits + 29 * torch.tensor([1.0, -1.0, 0.5, 0.9], device=logits.device)).to(
            logits.dtype
        ) * 0.98

    for capacity in (None, 2):
        routed(candidate, reference, make, f"large logits, capacity = {capacity}", 2, capacity)
    found, right = (m.load_balancing_loss(make(), 2) for m in (candidate, reference))
    same(found, right, "L (large logits)")


def test_capacity(candidate, reference, seed):
    """route: with k = 1 each expert serves the first tokens that ask for it
    route：k = 1 时，每个专家服务最先选它的那些 token"""
    for capacity in (1, 2, 4, 100):
        routed(candidate, reference, partial(drawn, seed, 11), f"k = 1, capacity = {capacity}", 1, capacity)


def test_capacity_of_several_choices(candidate, reference, seed):
    """route: first choices of all tokens come before second ones; other gates stay
    route：先满足所有 token 的第一选择，再轮到第二选择；其余 gate 不变"""
    for tokens, experts, k in ((11, 4, 2), (12, 5, 3), (4, 4, 2), (6, 3, 3), (1, 3, 2)):
        for capacity in (1, 2, 3, 5):
            make = partial(drawn, seed, tokens, experts)
            label = f"N = {tokens}, E = {experts}, k = {k}, capacity = {capacity}"
            routed(candidate, reference, make, label, k, capacity=capacity)


def test_loss(candidate, reference, seed):
    """load_balancing_loss is right
    load_balancing_loss 的值正确"""
    for tokens, experts, k in SIZES:
        make = partial(drawn, seed, tokens, experts)
        found, right = (m.load_balancing_loss(make(), k) for m in (candidate, reference))
        same(found, right, f"L (N = {tokens}, E = {experts}, k = {k})")


def test_loss_gradient(candidate, reference, seed):
    """load_balancing_loss: its gradient is right
    load_balancing_loss 的梯度正确"""
    for k in (1, 2, 3):
        found, right = [], []
        for module, grown in ((candidate, found), (reference, right)):
            logits = drawn(seed)
            grown += gradients(module.load_balancing_loss(logits, k), [logits])
        same(found, right, [f"∂L/∂logits (k = {k})"])


def test_balanced(candidate, seed):
    """load_balancing_loss: perfect balance gives 1, whatever the sizes
    load_balancing_loss：完全均衡时为 1，与大小无关"""
    for experts, k in ((4, 1), (4, 2), (6, 2), (5, 5)):
        (first,) = normal(seed, (experts,), grad=False)
        logits = torch.stack([first.roll(i) for i in range(experts)])
        found = candidate.load_balancing_loss(logits, k)
        same(found, torch.ones_like(found.detach()), f"L (balanced, E = {experts}, k = {k})")


def pair(candidate, reference, seed, d=6, h=5, experts=4, k=2, **options):
    """The attempt's layer and the reference's, in the same state: routes differ, gates are neither 0 nor 1."""
    mine, theirs = (place(m.MoE(d, h, experts, k, **options)) for m in (candidate, reference))
    shapes = {name: tuple(value.shape) for name, value in sorted(theirs.state_dict().items())}
    drawn = normal(seed + 300, *shapes.values(), grad=False)
    state = {n: w / (w.shape[-2] if w.dim() > 2 else d) ** 0.5 for n, w in zip(shapes, drawn, strict=True)}
    theirs.load_state_dict(state)
    return adopted(mine, theirs), theirs


def numbers(seed, shape=(3, 5, 6)):
    (x,) = normal(seed, shape, scale=1.5)
    return x


def layer(candidate, reference, seed, **options):
    return pair(candidate, reference, seed, **options)[0]


def test_new_layer(candidate, reference):
    """A new layer has the contract's parameters, and no others
    新建的层有约定的参数，没有别的"""
    for sizes in ((6, 5, 4, 2), (3, 7, 1, 1)):
        starts_like(candidate.MoE(*sizes), reference.MoE(*sizes), lambda name: False)


def test_initial_values(candidate):
    """A new layer starts normal, with standard deviation 1/√D, and 1/√H for w_out
    新建的层初始值服从正态分布，标准差为 1/√D，w_out 为 1/√H"""
    state = candidate.MoE(64, 5, 200, 2).state_dict()
    for name, n in (("router", 64), ("w_in", 64), ("w_out", 5)):
        spread(state[name], n**-0.5, f"new {name}", uniform=False)


def test_layer(candidate, reference, seed):
    """The layer: output, loss and all gradients are right
    整层：输出、loss 和所有梯度都正确"""
    for k in (1, 2, 3, 4):
        mine, theirs = pair(candidate, reference, seed, k=k)
        agree(mine, theirs, partial(numbers, seed), f"y, L (k = {k})")


def test_layer_output(candidate, reference, seed):
    """The layer: y is right
    整层：y 正确"""
    mine, theirs = pair(candidate, reference, seed)
    same(mine(numbers(seed))[0], theirs(numbers(seed))[0], "y")


def test_layer_loss(candidate, reference, seed):
    """The layer: L is right, and reaches the router alone
    整层：L 正确，且只传到 router"""
    found, right = [], []
    for module, values in zip(pair(candidate, reference, seed), (found, right), strict=True):
        loss = module(numbers(seed))[1]
        names = ["router", "w_in", "w_out"]
        values += [loss, *gradients(loss, [module.state_dict(keep_vars=True)[name] for name in names])]
    same(found, right, ["L", "∂L/∂router", "∂L/∂w_in", "∂L/∂w_out"])


def test_layer_capacity(candidate, reference, seed):
    """The layer: the capacity follows from capacity_factor, tokens, k and experts
    整层：容量由 capacity_factor、token 数、k 和专家数决定"""
    for factor in (0.5, 0.25, 1, 1.25, 2.0):
        for k, experts in ((2, 4), (3, 5)):
            mine, theirs = pair(candidate, reference, seed, k=k, experts=experts, capacity_factor=factor)
            for shape in ((3, 5, 6), (4, 6)):
                agree(
                    mine,
                    theirs,
                    partial(numbers, seed, shape),
                    f"y, L (c = {factor}, k = {k}, x.shape = {shape})",
                )


def test_shapes(candidate, reference, seed):
    """The layer: any number of leading dimensions, and sizes of one
    整层：前导维度任意多，大小为 1 的维度"""
    mine, theirs = pair(candidate, reference, seed, capacity_factor=0.5)
    for shape in ((6,), (1, 6), (7, 6), (2, 3, 4, 6), (1, 1, 6), (6, 6, 6), (5, 1, 6)):
        agree(mine, theirs, partial(numbers, seed, shape), f"y, L (x.shape = {shape})")
    for d, h, experts, k in ((1, 1, 1, 1), (1, 4, 3, 2), (4, 1, 2, 1), (3, 3, 3, 3)):
        mine, theirs = pair(candidate, reference, seed, d, h, experts, k)
        agree(
            mine, theirs, partial(numbers, seed, (5, d)), f"y, L (D = {d}, H = {h}, E = {experts}, k = {k})"
        )


def test_unused_experts(candidate, reference, seed):
    """The layer: experts that nobody chose, and tokens that are dropped altogether
    整层：没有人选的专家，以及完全被丢弃的 token"""
    for factor in (None, 0.5):
        mine, theirs = pair(candidate, reference, seed, d=4, experts=6, k=1, capacity_factor=factor)
        agree(
            mine,
            theirs,
            lambda: numbers(seed, (1, 4)).detach().expand(5, 4).clone().requires_grad_(),
            f"y, L (c = {factor})",
        )


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    keeps_dtype(lambda: candidate.load_balancing_loss, partial(drawn, seed), k=2)
    keeps_dtype(lambda: lambda h: candidate.route(h, 2, 3)[1], partial(drawn, seed))
    keeps_dtype(partial(layer, candidate, reference, seed), partial(numbers, seed))


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    any_layout(
        partial(layer, candidate, reference, seed, capacity_factor=1.0), partial(numbers, seed), (3, 5, 6)
    )
    for make in (lambda: drawn(seed, 4, 9).mT, lambda: drawn(seed, 18)[::2]):
        routed(candidate, reference, make, "not contiguous", 2, 2)
        found, right = (m.load_balancing_loss(make(), 2) for m in (candidate, reference))
        same(found, right, "L (not contiguous)")


def test_tokens_apart(candidate, reference, seed):
    """Without a capacity a token's output depends on that token alone
    不限容量时，token 的输出只取决于它自己"""
    for dim in (0, 1):
        mine = layer(candidate, reference, seed)
        samples_apart(lambda x, mine=mine: mine(x)[0], partial(numbers, seed), dim=dim)


def test_modes_and_calls(candidate, reference, seed):
    """Train and eval mode do the same; a call does not depend on earlier calls
    train 和 eval 模式相同；每次调用与之前的调用无关"""
    build = partial(layer, candidate, reference, seed, capacity_factor=1.0)
    modes_alike(build, lambda i: numbers(seed + i))
    calls_apart(build, lambda i: numbers(seed + i))
    calls_apart(
        lambda: lambda h: candidate.route(h, 2, 3)[1],
        lambda i: drawn(seed + i),
        right=lambda: lambda h: reference.route(h, 2, 3)[1],
    )


def test_layers_apart(candidate, reference, seed):
    """Layers share nothing, copies are layers of their own, and a loaded state is all that counts
    各层互不共享，副本是独立的一层，载入的状态决定一切"""
    share_nothing(
        lambda: candidate.MoE(6, 5, 4, 2),
        partial(numbers, seed),
        beside=lambda: candidate.MoE(3, 2, 5, 3, 1.0),
    )
    copies_apart(partial(layer, candidate, reference, seed), lambda i: numbers(seed + i))
    travels(layer(candidate, reference, seed), lambda: candidate.MoE(6, 5, 4, 2), lambda i: numbers(seed + i))


def test_inputs_unchanged(candidate, reference, seed):
    """Inputs and parameters are left alone, and nothing is reseeded
    输入和参数保持不变，不重新设种子"""
    leaves_alone(partial(layer, candidate, reference, seed, capacity_factor=1.0), lambda i: numbers(seed + i))
    leaves_alone(lambda: lambda h: candidate.route(h, 2, 3)[1], lambda i: drawn(seed + i))
    leaves_alone(lambda: candidate.load_balancing_loss, lambda i: drawn(seed + i), k=2)
    not_reseeded(lambda: candidate.MoE(6, 5, 4, 2)(torch.rand(3, 6)))
