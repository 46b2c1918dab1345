"""Grades katas/mha.py."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dlkata.suite import (
    COARSE,
    adopt,
    alike,
    calls_apart,
    descend,
    draw,
    follows,
    gradients,
    integers,
    normal,
    not_reseeded,
    opposed,
    place,
    reaches,
    real,
    refuses_sizes,
    same,
    setting,
    slopes,
    starts_uniform,
    travels,
    unchanged,
    undisturbed,
)

PARAMETERS = [f"{layer}.{kind}" for layer in ("w_q", "w_k", "w_v", "w_o") for kind in ("weight", "bias")]
GRADIENTS = ["∂L/∂x", *(f"∂L/∂{name}" for name in PARAMETERS)]


def twins(candidate, reference, seed, d_model=12, n_heads=3):
    mine, theirs = (place(m.MultiHeadAttention(d_model, n_heads)) for m in (candidate, reference))
    return alike(mine, theirs, seed, 1.5, by_width=True)


def tokens(seed, *shape, **how):
    return normal(seed, shape or (2, 5, 12), **how)[0]


def valid_of(seed, batch=2, length=5):
    return real(seed, batch, length)


def grads(layer, x, *masks):
    found = slopes(layer, PARAMETERS, x, *masks)
    # The bias of the keys shifts all scores of a query alike: its gradient is 0, up to rounding, or none at all.
    useless = GRADIENTS.index("∂L/∂w_k.bias")
    if found[useless] is None:
        found[useless] = torch.zeros_like(layer.w_k.bias)
    return found


def test_output(candidate, reference, seed):
    """The output is right without a mask
    不带 mask 时输出正确"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed)), theirs(tokens(seed)))


def test_gradients(candidate, reference, seed):
    """Gradients of x and of every parameter are right
    x 和每个参数的梯度都正确"""
    mine, theirs = twins(candidate, reference, seed)
    same(grads(mine, tokens(seed)), grads(theirs, tokens(seed)), GRADIENTS)


def test_padding(candidate, reference, seed):
    """With valid, no query looks at padding
    传入 valid 时，任何 query 都不看 padding"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed), valid_of(seed)), theirs(tokens(seed), valid_of(seed)))


def test_causal(candidate, reference, seed):
    """With causal=True, each query looks at itself and what stands before it
    causal=True 时，每个 query 只看自己和前面的 token"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed), causal=True), theirs(tokens(seed), causal=True))


def test_both_masks(candidate, reference, seed):
    """With both masks, a key must be allowed by both
    两种 mask 同时存在时，key 必须两边都允许"""
    mine, theirs = twins(candidate, reference, seed)
    same(mine(tokens(seed), valid_of(seed), True), theirs(tokens(seed), valid_of(seed), True))


def test_mask_gradients(candidate, reference, seed):
    """Gradients under masks are right
    带 mask 时梯度正确"""
    mine, theirs = twins(candidate, reference, seed)
    for masked, causal in ((True, False), (False, True), (True, True)):
        valid = [valid_of(seed) if masked else None for _ in range(2)]
        found, expected = (
            grads(mine, tokens(seed), valid[0], causal),
            grads(theirs, tokens(seed), valid[1], causal),
        )
        same(found, expected, GRADIENTS)


def test_sizes(candidate, reference, seed):
    """Any number of sequences, tokens and heads, also one
    batch、token 数和头数任意，为 1 也行"""
    for batch, length, width, heads in (
        (4, 1, 12, 3),
        (1, 5, 8, 2),
        (3, 2, 4, 1),
        (5, 7, 16, 1),
        (2, 4, 4, 4),
        (1, 1, 1, 1),
        (3, 3, 12, 3),
        (3, 6, 32, 2),
    ):
        mine, theirs = twins(candidate, reference, seed, width, heads)
        name = f"output (B = {batch}, T = {length}, D = {width}, H = {heads}"
        shape = batch, length, width
        same(mine(tokens(seed, *shape)), theirs(tokens(seed, *shape)), f"{name})")
        masks = [(real(seed, batch, length), True) for _ in range(2)]
        same(
            mine(tokens(seed, *shape), *masks[0]), theirs(tokens(seed, *shape), *masks[1]), f"{name}, masks)"
        )
        x, other = tokens(seed, *shape), tokens(seed, *shape)
        same(mine(x, masks[0][0]), theirs(other, masks[1][0]), f"{name}, valid)")
        same(mine(x, causal=True), theirs(other, causal=True), f"{name}, causal)")


def test_scale(candidate, reference, seed):
    """The scores are scaled for any width of a head
    任意头宽下，分数的缩放都正确"""
    for width, heads in ((10, 2), (9, 3), (6, 1), (14, 7), (40, 2)):
        mine, theirs = twins(candidate, reference, seed, width, heads)
        x, other = tokens(seed, 2, 5, width), tokens(seed, 2, 5, width)
        same(mine(x), theirs(other), f"output (D = {width}, H = {heads})", tolerance=COARSE)


def test_large_scores(candidate, reference, seed):
    """Large scores neither overflow nor vanish
    分数很大时既不上溢也不下溢"""
    mine, theirs = twins(candidate, reference, seed)
    for scale in (10.0, 100.0):
        x, other = tokens(seed, scale=scale), tokens(seed, scale=scale)
        same(mine(x), theirs(other), f"output (x of size {scale:g})", tolerance=(1e-7, 1e-6))
    builds = (partial(m.MultiHeadAttention, 8, 2) for m in (candidate, reference))
    for label, layers, within in opposed(seed, *builds):
        # In the first sequence each query meets high scores and low ones, in the second low ones only.
        outputs = (layer(torch.stack([x[0], x[1, [0, 2, 0, 2]]])) for layer, x in layers)
        same(*outputs, f"output ({label})", tolerance=within)


def test_hidden_scores(candidate, reference, seed):
    """What a mask hides stays hidden, however large its score
    被挡住的 key 分数再高也分不到权重"""
    builds = (partial(m.MultiHeadAttention, 8, 2) for m in (candidate, reference))
    for label, layers, within in opposed(seed, *builds):
        valid = torch.ones(2, 4, dtype=torch.bool, device=setting.device)
        valid[0, 1::2] = False  # what is left of this sequence is all alike: low scores only
        for name, mask, past in (("valid", valid, False), ("causal", None, True), ("both", valid, True)):
            outputs = (layer(x, mask, past) for layer, x in layers)
            same(*outputs, f"output ({label}, {name})", tolerance=within)


def test_float32(candidate, reference, seed):
    """float32 stays float32, with masks and without
    float32 输入得到 float32 输出，无论有没有 mask"""
    mine, theirs = (layer.float() for layer in twins(candidate, reference, seed))
    for masks in ((), (valid_of(seed), True)):
        x, other = (tokens(seed, dtype=torch.float32) for _ in range(2))
        same(mine(x, *masks), theirs(other, *masks), tolerance=(1e-3, 1e-4))
        same(grads(mine, x, *masks), grads(theirs, other, *masks), GRADIENTS, tolerance=(1e-3, 1e-3))


def test_half_precision(candidate, reference, seed):
    """float16 and bfloat16 work, with masks and without
    float16 和 bfloat16 可用，无论有没有 mask"""
    for dtype, within in ((torch.float16, 5e-2), (torch.bfloat16, 3e-1)):
        name = f"output ({str(dtype).removeprefix('torch.')}"
        mine, theirs = (layer.to(dtype) for layer in twins(candidate, reference, seed))
        x, other = (tokens(seed, dtype=dtype) for _ in range(2))
        same(mine(x), theirs(other), f"{name})", tolerance=(0.0, within))
        for label, masks in (
            ("valid", (valid_of(seed),)),
            ("causal", (None, True)),
            ("both", (valid_of(seed), True)),
        ):
            same(mine(x, *masks), theirs(other, *masks), f"{name}, {label})", tolerance=(0.0, within))


def test_new_layer(candidate, reference, seed):
    """A new layer has the four projections, initialised as nn.Linear does
    新建的层有四个投影，初始化与 nn.Linear 相同"""
    starts_uniform(
        lambda: candidate.MultiHeadAttention(12, 3),
        reference.MultiHeadAttention(d_model=12, n_heads=3),
        dict.fromkeys(PARAMETERS, 12**-0.5),
    )


def test_bad_sizes(candidate, seed):
    """A width that the heads can't share raises ValueError
    d_model 不能被 n_heads 整除时抛出 ValueError"""

    sizes = ({"d_model": width, "n_heads": heads} for width, heads in ((10, 3), (12, 5), (3, 4)))
    refuses_sizes(candidate.MultiHeadAttention, *sizes)


def test_train_and_eval(candidate, reference, seed):
    """Train and eval mode do the same
    train 和 eval 模式行为相同"""
    mine, theirs = twins(candidate, reference, seed)
    for mode in (False, True):
        mine.train(mode), theirs.train(mode)
        for turn in range(2):  # of one shape, of other values
            x, other = (tokens(seed + turn) for _ in range(2))
            output, expected = (
                mine(x, valid_of(seed + turn), True),
                theirs(other, valid_of(seed + turn), True),
            )
            same(output, expected, f"output[{turn}] ({'train' if mode else 'eval'})")
            same(grads(mine, x), grads(theirs, other), GRADIENTS)
            with torch.no_grad():
                same(mine(x), theirs(other), f"output[{turn}] (no_grad)")


def test_calls(candidate, reference, seed):
    """Calls know nothing of each other, nor do layers; a mask that hides nothing changes nothing
    各次调用、各个层之间互不影响；什么都不挡的 mask 不改变结果"""
    sizes = (12, 3), (12, 3), (8, 2)
    layers = [twins(candidate, reference, seed + i, *size) for i, size in enumerate(sizes)]
    for turn, (layer, batch, length, masked, causal) in enumerate(
        (
            (0, 2, 3, True, True),
            (1, 3, 7, False, False),
            (0, 2, 6, False, True),  # longer than before
            (2, 1, 4, True, False),
            (1, 4, 5, True, True),
            (0, 2, 4, False, False),
        )
    ):
        mine, theirs = layers[layer]
        shape = batch, length, sizes[layer][0]
        valid = [real(seed + turn, batch, length) if masked else None for _ in range(2)]
        output = mine(x=tokens(seed + turn, *shape), causal=causal, valid=valid[0])
        same(output, theirs(tokens(seed + turn, *shape), valid[1], causal), f"output[{turn}]")
    mine, theirs = layers[0]
    everything = torch.ones(2, 5, dtype=torch.bool, device=setting.device)
    same(mine(tokens(seed), everything), theirs(tokens(seed)), "output (valid = True)")


def test_nothing_is_remembered(candidate, seed):
    """Neither weights that were replaced nor what a tensor held before count
    已被替换的权重、张量里以前的内容，都不再起作用"""

    def build():
        return draw(place(candidate.MultiHeadAttention(12, 3)))

    travels(build(), build, lambda i: tokens(seed + i))
    calls_apart(build, lambda i: tokens(seed + i))


def test_side_effects(candidate, seed):
    """x, valid, the parameters and the random generator are left as they were
    x、valid、参数和随机数生成器都保持原样"""
    layer = draw(place(candidate.MultiHeadAttention(12, 3)))
    x, valid = tokens(seed, 2, 3, 12, grad=False), valid_of(seed, 2, 3)
    with unchanged(x=x, valid=valid):
        layer(x, valid)
        layer(tokens(seed + 1, 2, 3, 12), valid.clone()).sum().backward()  # nor later, through what was kept
    not_reseeded(lambda: (torch.rand(()), layer(x, valid, True)))
    not_reseeded(lambda: candidate.MultiHeadAttention(8, 2))
    calls = [partial(layer, x, *masks) for masks in ((), (valid,), (None, True), (valid, True))]
    half = draw(candidate.MultiHeadAttention(12, 3)).to(setting.device, torch.bfloat16)
    short = x.to(torch.bfloat16)
    undisturbed([*calls, partial(half, short, valid, True)], layer, half, x=x, valid=valid, short=short)


def test_not_contiguous(candidate, reference, seed):
    """Transposed and sliced inputs and masks, with their gradients
    转置、切片得到的输入和 mask，以及它们的梯度"""
    mine, theirs = twins(candidate, reference, seed)
    for causal in (False, True):
        results = []
        for layer in (mine, theirs):
            leaf = tokens(seed, 5, 2, 24)
            valid = real(seed, 4, 5)[::2].mT.contiguous().mT
            output = layer(leaf.transpose(0, 1)[..., ::2], valid, causal)
            results.append((output, *gradients(output, [leaf])))
        same(*results, ["output", "∂L/∂x"])


# Reversing a sequence: each position has to look at another one, found by position alone.

SYMBOLS, LENGTH, WIDTH, HEADS = 5, 4, 16, 2  # small: an attempt may loop over every number


class Reverser(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, WIDTH)
        self.position = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.attention = module.MultiHeadAttention(WIDTH, HEADS)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, sequence):
        return self.head(self.attention(self.symbol(sequence) + self.position))


def train(model, seed, steps):
    (batches,) = integers(seed, SYMBOLS, (steps, 10, LENGTH))

    def loss_of(step):
        return F.cross_entropy(model(batches[step]).flatten(0, 1), batches[step].flip(1).flatten())

    return descend(model.parameters(), loss_of, steps, 0.02)


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """Trained inside a small model, the losses follow the reference
    放进一个小模型训练，loss 与参考实现一致"""
    theirs = place(Reverser(reference))
    mine = adopt(place(Reverser(candidate)), theirs)
    follows(train(mine, seed, 12), train(theirs, seed, 12))


@pytest.mark.training
def test_training_reverses(candidate, seed):
    """Trained inside a small model, it learns to reverse sequences: accuracy ≥ 0.95
    放进一个小模型训练，能学会把序列倒过来：准确率 ≥ 0.95"""
    model = draw(place(Reverser(candidate)))
    losses = train(model, seed, 180)
    (sequences,) = integers(seed + 1, SYMBOLS, (200, LENGTH))
    with torch.no_grad():
        right = model(sequences).argmax(dim=-1) == sequences.flip(1)
    reaches(right.double().mean().item(), 0.95, "accuracy", losses=losses)
