"""Grades katas/cross_attention.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    COARSE,
    adopt,
    calls_apart,
    copies_apart,
    descend,
    draw,
    follows,
    gradients,
    integers,
    learned,
    modes_alike,
    normal,
    not_reseeded,
    pair,
    place,
    reaches,
    real,
    refuses_sizes,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_uniform,
    travels,
    twins,
    undisturbed,
)

D, H, M = 8, 2, 6  # √4 is exact, whatever it is computed in


def layers(candidate, reference, *sizes):
    return twins(candidate, reference, "CrossAttention", *(sizes or (D, H, M)))


def alone(candidate, *sizes):
    return draw(place(candidate.CrossAttention(*(sizes or (D, H, M)))))


def inputs(seed, batch=2, new=3, seen=5, d=D, m=M, **how):
    """x and the memory."""
    return dict(zip(("x", "memory"), normal(seed, (batch, new, d), (batch, seen, m), **how), strict=True))


def encoded(layer, memory):
    return pair(layer.encode(memory), "encode must return the pair k, v.", "encode 应返回 k、v 这一对。")


def by_memory(layer, x, memory, valid):
    return layer(x, memory, valid)


def by_cache(layer, x, memory, valid):
    return layer(x, valid=valid, cache=tuple(encoded(layer, memory)))


def compare(both, make, name="output", *, way=by_memory, valid=lambda: None, tolerance=None):
    """Outputs, and the gradients of x, the memory and all weights."""
    answers = []
    for layer in both:
        given = make()
        output = way(layer, *given.values(), valid())
        weights = learned(layer, both[1])
        leaves = given | weights
        answers.append((output, dict(zip(leaves, gradients(output, list(leaves.values())), strict=True))))
    (output, grown), (right, wanted) = answers
    same(output, right, name, tolerance=tolerance)
    same(list(grown.values()), list(wanted.values()), [f"∂L/∂{n}" for n in wanted], tolerance=tolerance)


def test_output(candidate, reference, seed):
    """The output is right, and so are all gradients
    输出正确，所有梯度也正确"""
    compare(layers(candidate, reference), partial(inputs, seed))


def test_encode(candidate, reference, seed):
    """encode gives keys and values, head by head
    encode 给出逐个 head 的 key 和 value"""
    found, right = (encoded(layer, inputs(seed)["memory"]) for layer in layers(candidate, reference))
    same(found, right, ["k", "v"])


def test_cache(candidate, reference, seed):
    """With a cache the output and all gradients are those of its memory
    用 cache 时，输出和所有梯度与用 memory 时相同"""
    compare(layers(candidate, reference), partial(inputs, seed), "output (cache)", way=by_cache)


def test_valid(candidate, reference, seed):
    """Source tokens that are not real get no weight, with their gradients
    不是真实 token 的源位置没有权重，梯度也正确"""
    for way in (by_memory, by_cache):
        make, valid = partial(inputs, seed, 3), partial(real, seed, 3, 5)
        name = f"output (valid, {way.__name__})"
        compare(layers(candidate, reference), make, name, way=way, valid=valid)


def test_valid_anywhere(candidate, reference, seed):
    """Real tokens may stand anywhere, a single one too
    真实 token 可以在任意位置，只有一个也行"""
    rows = lambda: torch.eye(5, dtype=torch.bool, device=setting.device)[[4, 1, 2]]  # noqa: E731
    both = layers(candidate, reference)
    compare(both, partial(inputs, seed, 3), "output (one real token a row)", valid=rows)
    compare(both, partial(inputs, seed, 3), "output (one is not)", valid=lambda: ~rows())
    compare(both, partial(inputs, seed, 3), "output (all real)", valid=lambda: rows() | True)


def test_sizes(candidate, reference, seed):
    """T and S are independent; any sizes, 1 too, equal ones too
    T 和 S 互不相干；大小任意，为 1 或相等也行"""
    for batch, new, seen, d, heads, m in (
        (2, 7, 3, 8, 2, 6),
        (1, 1, 1, 4, 1, 3),
        (3, 1, 4, 4, 4, 1),
        (4, 4, 4, 4, 1, 4),
        (2, 3, 1, 16, 4, 5),
        (1, 6, 2, 1, 1, 2),
    ):
        both = layers(candidate, reference, d, heads, m)
        name = f"output (B, T, S = {batch, new, seen}, D, H = {d, heads}, d_memory = {m})"
        make = partial(inputs, seed, batch, new, seen, d, m)
        compare(both, make, name)
        compare(both, make, f"{name}, cache", way=by_cache, valid=partial(real, seed, batch, seen))


def test_default_memory(candidate, reference, seed):
    """Without d_memory the memory is as wide as x
    不传 d_memory 时，memory 与 x 同宽"""
    compare(layers(candidate, reference, D, H), partial(inputs, seed, m=D), "output (no d_memory)")


def test_scale(candidate, reference, seed):
    """Scores are scaled by the root of a head's width
    分数按单个 head 宽度的平方根缩放"""
    for d, heads in ((6, 2), (10, 2), (9, 3), (2, 1)):
        both = layers(candidate, reference, d, heads, M)
        compare(both, partial(inputs, seed, d=d), f"output (D, H = {d, heads})", tolerance=COARSE)


def test_by_name(candidate, reference, seed):
    """Arguments go by name
    参数可按名字传入"""
    found = []
    for side in (candidate, reference):
        layer = draw(place(side.CrossAttention(d_memory=M, n_heads=H, d_model=D)))
        x, memory = inputs(seed).values()
        k, v = encoded(layer, memory)
        answers = [layer(valid=real(seed, 2, 5), memory=memory, x=x), layer(cache=(k, v), x=x)]
        found.append([*answers, layer.encode(memory=memory)[0]])
    same(*found, ["output (memory=)", "output (cache=)", "k (memory=)"])


def test_large(candidate, reference, seed):
    """Large scores neither overflow nor uncover hidden tokens
    分数很大时既不上溢，也不会露出被挡住的 token"""
    for size, dtype, within in ((1e6, None, 1e-5), (1e3, torch.float32, 2e-2)):
        found = []
        for side in (candidate, reference):
            layer = place(side.CrossAttention(4, 1, 4)).to(dtype or setting.dtype)
            eye = torch.eye(4, dtype=dtype or setting.dtype, device=setting.device)
            layer.load_state_dict({name: eye.clone() for name in sorted(layer.state_dict())})
            x, memory = inputs(seed, 2, 3, 5, 4, 4, dtype=dtype, grad=False).values()
            x[..., 0], memory[..., 0] = 2.0, size * torch.linspace(-1, 1, 5, device=x.device, dtype=x.dtype)
            hide = torch.tensor([[True, True, False, False, False], [True] * 5], device=x.device)
            found.append([layer(x, memory) / size, layer(x, memory, hide) / size])
        name = f"output / {size:g}"
        same(*found, [name, f"{name} (valid)"], tolerance=(within, within))


def test_cache_is_kept(candidate, reference, seed):
    """A cache goes on holding what was encoded, whatever happens to weights and memory
    cache 里始终是当初编码的内容，之后权重和 memory 变了也不受影响"""
    found = []
    for layer in layers(candidate, reference):
        with torch.no_grad():
            x, memory = inputs(seed, grad=False).values()
            k, v = encoded(layer, memory)
            before = layer(x, cache=(k, v)).clone()
            memory.mul_(-3)
            for name, value in learned(layer, layer).items():
                if name in ("w_k.weight", "w_v.weight"):
                    value.add_(1)
            after = layer(x, cache=(k, v)).clone()
            fresh = layer(x, memory).clone()
        found.append([before, after, fresh])
    same(*found, ["output (cache)", "output (same cache, w_k, w_v and memory changed)", "output (memory)"])


def test_two_sources(candidate, reference, seed):
    """Caches of several sources stand beside each other; the layer keeps none
    可以并存多个源的 cache；层自己一个也不存"""
    found = []
    for layer in layers(candidate, reference):
        with torch.no_grad():
            drawn = [inputs(seed + i, grad=False) for i in range(3)]
            caches = [tuple(encoded(layer, given["memory"])) for given in drawn]
            outputs = [layer(drawn[i]["x"], cache=caches[i]) for i in (1, 0, 2, 1)]
            outputs += [layer(drawn[i]["x"], drawn[i]["memory"]) for i in (2, 0)]
            outputs += [layer(drawn[0]["x"], cache=caches[2])]
        found.append(outputs)
    same(*found, [f"output (call {i + 1})" for i in range(7)])


def test_remembers_nothing(candidate, reference, seed):
    """The same memory tensor with other contents, and other weights, give other outputs
    同一个 memory 张量换了内容，或者权重变了，输出随之改变"""
    found = []
    for layer in layers(candidate, reference):
        with torch.no_grad():
            x, memory = inputs(seed, grad=False).values()
            outputs = [layer(x, memory).clone()]
            memory.mul_(-3)
            outputs.append(layer(x, memory).clone())
            for value in learned(layer, layer).values():
                value.add_(1)
            outputs.append(layer(x, memory).clone())
            outputs += encoded(layer, memory)
        found.append(outputs)
    names = ["output", "output (memory changed in place)", "output (weights changed, too)", "k", "v"]
    same(*found, names)


def test_steps(candidate, reference, seed):
    """Asked one token at a time, with one cache, it gives what it gives to all at once
    用同一个 cache 逐个 token 提问，与一次问完结果相同"""
    found = []
    for layer in layers(candidate, reference):
        with torch.no_grad():
            x, memory = inputs(seed, new=4, grad=False).values()
            cache, valid = tuple(encoded(layer, memory)), real(seed, 2, 5)
            found.append([layer(x[:, t : t + 1], valid=valid, cache=cache) for t in range(4)])
    same(*found, [f"output (step {t})" for t in range(4)])


def test_every_query_sees_all(candidate, seed):
    """Queries do not touch each other, nor do sequences
    query 之间互不影响，序列之间也互不影响"""
    layer = alone(candidate)
    _x, memory = inputs(seed, grad=False).values()
    for dim in (0, 1):
        samples_apart(lambda x: layer(x, memory), lambda: inputs(seed)["x"], dim=dim)
    samples_apart(
        lambda memory: layer(inputs(seed)["x"], memory), lambda: inputs(seed)["memory"], name="memory"
    )


def test_parameters(candidate, reference):
    """A new layer has four weights of the contract and no biases, drawn as nn.Linear draws them
    新建的层有约定的四个 weight，没有 bias，按 nn.Linear 的方式抽取"""
    right = reference.CrossAttention(9, 3, 5)
    bounds = {name: value.shape[-1] ** -0.5 for name, value in right.state_dict().items()}
    starts_uniform(partial(candidate.CrossAttention, 9, 3, 5), right, bounds)
    not_reseeded(lambda: candidate.CrossAttention(4, 2)(torch.rand(1, 2, 4), torch.rand(1, 3, 4)))


def test_refuses(candidate):
    """A d_model that the heads cannot share raises ValueError
    d_model 不能被 n_heads 整除时抛出 ValueError"""
    refuses_sizes(
        candidate.CrossAttention,
        {"d_model": 8, "n_heads": 3},
        {"d_model": 3, "n_heads": 6},
        {"d_model": 8, "n_heads": 3, "d_memory": 6},
    )


def test_float32(candidate, reference, seed):
    """A float32 layer gives float32 outputs and gradients
    float32 的层，输出和梯度都是 float32"""
    both = [layer.float() for layer in layers(candidate, reference)]
    for way in (by_memory, by_cache):
        make = partial(inputs, seed, 3, dtype=torch.float32)
        compare(both, make, f"output (float32, {way.__name__})", way=way, valid=partial(real, seed, 3, 5))


def test_noncontiguous(candidate, reference, seed):
    """Inputs may be transposed or strided, and so may a cache
    输入可以是转置或带步长的，cache 也一样"""
    found = []
    for layer in layers(candidate, reference):
        x, memory = inputs(seed, 5, 2, 3, 2 * D, 2 * M).values()
        x, memory = x.transpose(0, 1)[..., ::2], memory.transpose(0, 1)[..., 1::2]
        k, v = encoded(layer, memory[:2])
        k, v = (part.mT.contiguous().mT for part in (k, v))
        found.append([layer(x, memory[:2]), layer(x, cache=(k, v))])
    same(*found, ["output (strided)", "output (strided cache)"])


def test_calls_apart(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs; train and eval mode do the same
    每次调用都不依赖之前的调用，也不改动之前的输出；train 和 eval 模式行为相同"""
    calls_apart(partial(alone, candidate), lambda i: inputs(seed + i))
    modes_alike(partial(alone, candidate), lambda i: inputs(seed + i))


class Itself(nn.Module):
    """A text that asks itself: one input, for those who ask about layers of one."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x.flip(1))


def test_layers_share_nothing(candidate, seed):
    """Layers share nothing, nor does a copy share with its original; state travels
    各层互不共享，副本与原件也不共享；state_dict 可以互相加载"""
    build = lambda: Itself(alone(candidate, D, H))  # noqa: E731
    make = lambda i=0: inputs(seed + i)["x"]  # noqa: E731
    share_nothing(
        lambda: Itself(candidate.CrossAttention(D, H)),
        make,
        beside=lambda: candidate.CrossAttention(12, 4, 5),
    )
    copies_apart(build, make)
    travels(build(), build, make)


def test_side_effects(candidate, seed):
    """Inputs, masks, caches and weights are left alone
    不修改输入、mask、cache 和权重"""
    layer = alone(candidate)
    x, memory = inputs(seed, 4, grad=False).values()
    valid = real(seed, 4, 5)
    with torch.no_grad():
        k, v = encoded(layer, memory)
    calls = (
        lambda: layer(x, memory),
        lambda: layer(x, memory, valid),
        lambda: layer(x, valid=valid, cache=(k, v)),
        lambda: layer.encode(memory),
    )
    undisturbed(calls, layer, x=x, memory=memory, valid=valid, k=k, v=v)


# ---------------------------------------------------------------- a small model that looks things up

SYMBOLS, WIDTH = 5, 16


class Reader(nn.Module):
    """Pairs of a key symbol and a value symbol are the memory; asked for a key it names the value."""

    def __init__(self, side):
        super().__init__()
        self.asked, self.keys, self.values = (nn.Embedding(SYMBOLS, WIDTH) for _ in range(3))
        self.attention = side.CrossAttention(WIDTH, 2, 2 * WIDTH)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def memory(self, keys, values):
        return torch.cat([self.keys(keys), self.values(values)], dim=-1)

    def forward(self, asked, keys, values):
        return self.head(self.attention(self.asked(asked), self.memory(keys, values)))


def learn(model, seed, steps):
    def lesson(step):
        order = normal(1000 * seed + step, (24, SYMBOLS), grad=False)[0].argsort(-1)
        values, asked = integers(1000 * seed + step, SYMBOLS, (24, SYMBOLS), (24, 3))
        where = (order[:, None, :] == asked[..., None]).to(torch.int64).argmax(-1)
        return asked, order, values, values.gather(1, where)

    def loss_of(step):
        asked, keys, values, right = lesson(step)
        return nn.functional.cross_entropy(model(asked, keys, values).flatten(0, 1), right.flatten())

    losses = descend(model.parameters(), loss_of, steps, 0.02)
    asked, keys, values, right = lesson(steps)
    with torch.no_grad():
        cache = model.attention.encode(model.memory(keys, values))
        each = [model.attention(model.asked(asked[:, t : t + 1]), cache=cache) for t in range(3)]
        found = (model.head(torch.cat(each, 1)).argmax(-1) == right).double().mean().item()
    return losses, found


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """A model that looks up values by keys learns as with the reference
    按 key 查 value 的小模型，训练 loss 与参考实现一致"""
    theirs = place(Reader(reference))
    mine = adopt(place(Reader(candidate)), theirs)
    follows(learn(mine, seed, 12)[0], learn(theirs, seed, 12)[0])


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """Trained on whole memories and asked with a cache it finds at least 90 %
    用完整的 memory 训练，再用 cache 提问，至少答对 90%"""
    losses, found = learn(draw(place(Reader(candidate))), seed, 150)
    reaches(found, 0.9, "accuracy", losses=losses)
