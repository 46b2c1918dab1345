"""Grades katas/additive_attention.py."""

from copy import deepcopy
from functools import partial

import torch

from dlkata.suite import (
    agree,
    any_layout,
    calls_apart,
    gradients,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    place,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_uniform,
    travels,
    twins,
)
from dlkata.suite import (
    pair as two,
)

NAMES = "queries", "keys", "values"
SIZES = 3, 4, 6  # of queries, of keys, hidden


def layers(candidate, reference, sizes=SIZES):
    return twins(candidate, reference, "AdditiveAttention", *sizes)


def layer(candidate, reference):
    return layers(candidate, reference)[0]


def draw(seed, batch=2, queries=5, keys=7, d_q=3, d_k=4, d_v=2, **how):
    """All sizes differ."""
    shapes = (batch, queries, d_q), (batch, keys, d_k), (batch, keys, d_v)
    return dict(zip(NAMES, normal(seed, *shapes, scale=1.5, **how), strict=True))


def lengths(seed, *shape, keys=7):
    (drawn,) = integers(seed + 5, keys, shape)
    return drawn + 1


def compare(candidate, reference, make, label, valid_lens=None, sizes=SIZES):
    """Both results and all gradients."""
    mine, theirs = layers(candidate, reference, sizes)
    for module in (mine, theirs):
        bare = module.forward
        if valid_lens is not None:
            module.forward = lambda *inputs, bare=bare: bare(*inputs, valid_lens.clone())
    agree(mine, theirs, make, label)


def test_returns_both(candidate, reference, seed):
    """forward returns output and weights, of the right shapes
    forward 返回输出和权重，形状正确"""
    returned = layer(candidate, reference)(*draw(seed).values())
    found = [
        tuple(x.shape) for x in two(returned, "forward returns two tensors.", "forward 应返回两个张量。")
    ]
    holds(
        found == [(2, 5, 2), (2, 5, 7)],
        f"Output and weights have the shapes {found}; they should be (2, 5, 2) and (2, 5, 7).",
        f"输出和权重的形状是 {found}，应为 (2, 5, 2) 和 (2, 5, 7)。",
        value=str(found),
        name="shapes",
    )


def test_weights(candidate, reference, seed):
    """The weights are right without a mask
    不带 mask 时权重正确"""
    mine, theirs = layers(candidate, reference)
    same(mine(**draw(seed))[1], theirs(**draw(seed))[1], "weights")


def test_output(candidate, reference, seed):
    """The output is right without a mask
    不带 mask 时输出正确"""
    mine, theirs = layers(candidate, reference)
    same(mine(**draw(seed))[0], theirs(**draw(seed))[0], "output")


def test_gradients(candidate, reference, seed):
    """The gradients of inputs and parameters are right, by either result
    输入和参数的梯度正确，两个结果都一样"""
    for chosen, name in ((0, "output"), (1, "weights")):
        found, right = [], []
        for module, grown in zip(layers(candidate, reference), (found, right), strict=True):
            given = draw(seed)
            state = module.state_dict(keep_vars=True)
            sources = [*given.values(), *(state[f"w_{x}.weight"] for x in "qkv")]
            grown += gradients(module(*given.values())[chosen], sources)
        labels = [f"∂L/∂{x} (of {name})" for x in (*NAMES, "w_q.weight", "w_k.weight", "w_v.weight")]
        same(found, right, labels)


def test_new_layer(candidate, reference):
    """A new layer starts as nn.Linear does
    新建的层与 nn.Linear 的初始化相同"""
    sizes = 16, 25, 36
    bounds = {"w_q.weight": 1 / 4, "w_k.weight": 1 / 5, "w_v.weight": 1 / 6}
    build = partial(candidate.AdditiveAttention, *sizes)
    starts_uniform(build, reference.AdditiveAttention(*sizes), bounds)


def test_lengths_of_sequences(candidate, reference, seed):
    """valid_lens (B,): each sequence has its number of keys
    valid_lens 为 (B,)：每个序列有各自的 key 数"""
    for counts in ([3, 7], [1, 5], [7, 7], [1, 1]):
        valid = torch.tensor(counts, device=setting.device)
        compare(candidate, reference, partial(draw, seed), f"output, weights (valid_lens = {counts})", valid)


def test_lengths_of_queries(candidate, reference, seed):
    """valid_lens (B, Tq): each query sees its number of keys
    valid_lens 为 (B, Tq)：每个 query 能看各自那么多 key"""
    for turn in range(3):
        valid = lengths(seed + turn, 2, 5)
        label = f"output, weights (valid_lens = {valid.tolist()})"
        compare(candidate, reference, partial(draw, seed), label, valid)


def test_sizes(candidate, reference, seed):
    """Other sizes, equal ones and sizes of one, with and without valid_lens
    其他大小、相等的大小、大小为 1 的维度，有没有 valid_lens 都一样"""
    for batch, queries, keys, d_q, d_k, d_v, hidden in (
        (1, 1, 1, 1, 1, 1, 1),
        (1, 5, 7, 3, 4, 2, 6),
        (2, 1, 7, 3, 4, 2, 1),
        (2, 5, 1, 3, 4, 1, 6),
        (4, 4, 4, 4, 4, 4, 4),
        (3, 3, 5, 2, 2, 5, 2),
        (5, 5, 3, 1, 6, 2, 8),
        (1, 3, 3, 2, 5, 3, 3),
    ):
        make = partial(draw, seed, batch, queries, keys, d_q, d_k, d_v)
        sizes = d_q, d_k, hidden
        label = f"output, weights (B = {batch}, Tq = {queries}, Tk = {keys}, sizes {sizes}"
        compare(candidate, reference, make, f"{label})", sizes=sizes)
        for shape in ((batch,), (batch, queries)):
            valid = lengths(seed, *shape, keys=keys)
            compare(candidate, reference, make, f"{label}, valid_lens {shape})", valid, sizes)


def test_hidden_keys(candidate, reference, seed):
    """Hidden keys get weight exactly 0, whatever they and their values hold
    被挡住的 key 权重恰好为 0，无论 key 和 value 是什么"""

    def filled(fill):
        given = draw(seed, grad=False)
        given["keys"][:, 4:], given["values"][:, 4:] = fill, -10 * fill
        return given

    for fill in (0.0, 300.0, -300.0):
        for valid in (torch.tensor([4, 2], device=setting.device), lengths(seed, 2, 5, keys=4)):
            mine, theirs = layers(candidate, reference)
            found, right = (module(**filled(fill), valid_lens=valid.clone()) for module in (mine, theirs))
            label = f"(valid_lens {tuple(valid.shape)}, hidden keys hold {fill:g})"
            same(found, right, [f"output {label}", f"weights {label}"])
            hidden = found[1][..., 4:]
            same(hidden, torch.zeros_like(hidden), f"hidden weights {label}", tolerance=(0.0, 0.0))


def test_large_scores(candidate, reference, seed):
    """Scores of ±10⁴ neither overflow nor vanish
    分数达到 ±10⁴ 时既不上溢也不下溢"""
    reach = 1e4 if setting.dtype == torch.float64 else 100.0
    for sign, hidden_sign in ((1.0, 1.0), (-1.0, -1.0), (-1.0, 1.0)):
        for valid in (None, torch.tensor([3, 5], device=setting.device)):

            def attend(module, sign=sign, hidden_sign=hidden_sign, valid=valid):
                with torch.no_grad():
                    state = module.state_dict(keep_vars=True)
                    state["w_v.weight"].fill_(reach / 6)
                    state["w_q.weight"].mul_(0.1)
                    state["w_k.weight"].mul_(0.1)
                given = draw(seed, grad=False)
                with torch.no_grad():
                    # features near ±1: a column of keys moves all of them
                    state["w_k.weight"][:, 0] = 1.0
                    given["keys"][..., 0] = 20.0 * sign
                    if valid is not None:
                        given["keys"][0, 3:, 0] = given["keys"][1, 5:, 0] = 20.0 * hidden_sign
                return module(*given.values(), *(() if valid is None else (valid.clone(),)))

            found, right = (attend(module) for module in layers(candidate, reference))
            label = f"(scores near {sign * reach:g}, hidden near {hidden_sign * reach:g}, masked: {valid is not None})"
            same(found, right, [f"output {label}", f"weights {label}"], tolerance=(1e-6, 1e-6))


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    build = partial(layer, candidate, reference)
    keeps_dtype(build, partial(draw, seed))
    keeps_dtype(build, partial(draw, seed), valid_lens=torch.tensor([3, 6], device=setting.device))


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs work
    支持转置、带步长和 expand 得到的输入"""
    mine = layer(candidate, reference)
    others = draw(seed, 3, 4, 4, 3, 4, 5, grad=False)
    for name, width in (("queries", 3), ("keys", 4), ("values", 5)):

        def attend(x, name=name):
            return mine(**(others | {name: x}))

        any_layout(lambda attend=attend: attend, lambda shape: normal(seed, shape)[0], (3, 4, width))
    valid = lengths(seed, 5, 2, keys=7).mT
    compare(candidate, reference, partial(draw, seed), "output, weights (valid_lens.mT)", valid)


def test_samples_apart(candidate, reference, seed):
    """A sequence does not depend on the others, nor a query on other queries
    各序列互不影响，各 query 也互不影响"""
    mine = layer(candidate, reference)
    given = draw(seed, 3, grad=False)
    for dim in (0, 1):
        samples_apart(
            lambda q: mine(q, given["keys"], given["values"])[0],
            lambda: given["queries"],
            dim=dim,
            name="queries",
        )


def test_modes_and_calls(candidate, reference, seed):
    """Train and eval mode do the same; a call does not depend on earlier calls, with a mask or without
    train 和 eval 模式相同；每次调用与之前的调用无关，有没有 mask 都一样"""
    build = partial(layer, candidate, reference)
    modes_alike(build, lambda i: draw(seed + i))
    calls_apart(build, lambda i: draw(seed + i))
    mine, theirs = layers(candidate, reference)
    for turn, valid in enumerate(
        (lengths(seed, 2), None, lengths(seed + 1, 2, 5), lengths(seed + 2, 2), None)
    ):
        found, right = (m(**draw(seed + turn), valid_lens=valid) for m in (mine, theirs))
        same(found, right, [f"output (call {turn})", f"weights (call {turn})"])


def test_layers_apart(candidate, reference, seed):
    """Layers share nothing, copies are layers of their own, and a loaded state is all that counts
    各层互不共享，副本是独立的一层，载入的状态决定一切"""
    build = partial(candidate.AdditiveAttention, *SIZES)

    def busy(maker):
        made = place(maker())
        bare = made.forward
        made.forward = lambda i: bare(**draw(seed + i))
        return made

    share_nothing(lambda: busy(build), lambda: 0)
    travels(busy(partial(layer, candidate, reference)), lambda: busy(build), lambda i: i)
    one = layer(candidate, reference)
    other = deepcopy(one)
    with torch.no_grad():
        for value in other.parameters():
            value.mul_(-2)
    same(
        one(**draw(seed)), layer(candidate, reference)(**draw(seed)), ["output (copied)", "weights (copied)"]
    )


def test_inputs_unchanged(candidate, reference, seed):
    """Inputs, valid_lens and parameters are left alone, and nothing is reseeded
    输入、valid_lens 和参数保持不变，不重新设种子"""
    build = partial(layer, candidate, reference)
    leaves_alone(build, lambda i: draw(seed + i))
    leaves_alone(build, lambda i: draw(seed + i) | {"valid_lens": lengths(seed + i, 2)})
    leaves_alone(build, lambda i: draw(seed + i) | {"valid_lens": lengths(seed + i, 2, 5)})
    not_reseeded(lambda: candidate.AdditiveAttention(3, 4, 6)(*(torch.rand(2, 3, n) for n in (3, 4, 2))))
