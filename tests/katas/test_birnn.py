"""Grades katas/birnn.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    descend,
    draw,
    follows,
    gradients,
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    modes_alike,
    normal,
    not_reseeded,
    pair,
    parameters_of,
    place,
    reaches,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_uniform,
    stir,
    travels,
    twins,
)

B, T, D, H, L = 6, 5, 4, 3, 2
RESULTS = ["output", "h"]


def some_lengths(seed, batch=B, steps=T):
    """One sequence as long as can be, one of a single token, the others in between; in any order."""
    (drawn,) = integers(seed + 50, steps, (batch,))
    lengths = 1 + drawn
    lengths[seed % batch], lengths[(seed + 2) % batch] = steps, 1
    return lengths


def whole(seed, batch=B, steps=T, size=D):
    return {"x": normal(seed, (batch, steps, size))[0]}


def padded(seed, batch=B, steps=T, size=D):
    return whole(seed, batch, steps, size) | {"lengths": some_lengths(seed, batch, steps)}


def started(seed, batch=B, steps=T, size=D, hidden=H, layers=L):
    x, h = normal(seed, (batch, steps, size), (2 * layers, batch, hidden), scale=1.2)
    return {"x": x, "lengths": some_lengths(seed, batch, steps), "h₀": h}


def read(birnn, *given, **named):
    """What is returned: [output, h]."""
    promise = "The tuple (output, h) is returned.", "应返回 tuple (output, h)。"
    return pair(birnn(*given, **named), *promise)


def built(candidate, layers=L):
    return stir(place(candidate.BiRNN(D, H, layers)))


def test_one_layer(candidate, reference, seed):
    """One layer without padding: output and states are right
    单层、没有 padding：output 和状态正确"""
    agree(*twins(candidate, reference, "BiRNN", D, H, 1), partial(whole, seed), RESULTS)


def test_layers(candidate, reference, seed):
    """Stacked layers without padding are right
    多层、没有 padding，结果正确"""
    for layers in (2, 3):
        both = twins(candidate, reference, "BiRNN", D, H, layers)
        agree(*both, partial(whole, seed), [f"{name} (L = {layers})" for name in RESULTS])


def test_lengths(candidate, reference, seed):
    """Sequences of different lengths: backward begins at the last real token
    长度不同的序列：反向从最后一个真正的 token 开始"""
    for layers in (1, 2):
        both = twins(candidate, reference, "BiRNN", D, H, layers)
        found = [read(birnn, *padded(seed).values()) for birnn in both]
        same(*found, [f"{name} (L = {layers})" for name in RESULTS])


def test_lengths_gradients(candidate, reference, seed):
    """Gradients with padding: of x, 0 at padding, and of all parameters
    有 padding 时的梯度：x（padding 处为 0）和所有参数"""
    for layers in (1, 2):
        both = twins(candidate, reference, "BiRNN", D, H, layers)
        agree(*both, partial(padded, seed), [f"{name} (L = {layers})" for name in RESULTS])


def test_initial_states(candidate, reference, seed):
    """Every direction of every layer starts from the state it is given
    每层的每个方向都从传入的状态出发"""
    for layers in (1, 2, 3):
        both = twins(candidate, reference, "BiRNN", D, H, layers)
        agree(*both, partial(started, seed, layers=layers), [f"{name} (L = {layers})" for name in RESULTS])

    def from_zeros():
        given = started(seed)
        return given | {"h₀": torch.zeros_like(given["h₀"]).requires_grad_()}

    agree(
        *twins(candidate, reference, "BiRNN", D, H, L), from_zeros, [f"{name} (h₀ = 0)" for name in RESULTS]
    )


def test_states_without_lengths(candidate, reference, seed):
    """Initial states may be given without lengths, and everything by name
    可以只传初始状态、不传 lengths；参数可按名字传入"""
    found = []
    for birnn in twins(candidate, reference, "BiRNN", D, H, L):
        x, lengths, h = started(seed).values()
        results = [*read(birnn, x, None, h), *read(birnn, h=h, x=x), *read(birnn, h=h, lengths=lengths, x=x)]
        found.append([*results, *gradients(results, [x, h])])
    labels = [f"{name} ({how})" for how in ("None", "h by name", "all by name") for name in RESULTS]
    same(*found, [*labels, "∂L/∂x", "∂L/∂h₀"])


def test_gradient_of_each_result(candidate, reference, seed):
    """Output and h each carry gradients of their own, large ones too
    output 和 h 各自都能传回梯度，多大都如此"""
    both = twins(candidate, reference, "BiRNN", D, H, L)
    names = sorted(both[1].state_dict())
    for part, name in enumerate(RESULTS):
        found = []
        for birnn in both:
            given = started(seed)
            result = 100 * read(birnn, *given.values())[part]
            found.append(gradients(result, [*parameters_of(birnn, names), given["x"], given["h₀"]]))
        same(*found, [f"∂L/∂{leaf} (L from {name})" for leaf in (*names, "x", "h₀")])


def test_all_shorter(candidate, reference, seed):
    """Output has T positions, even where every sequence is shorter
    即使所有序列都更短，output 也有 T 个位置"""
    found = []
    for birnn in twins(candidate, reference, "BiRNN", D, H, L):
        results = []
        for longest in (4, 1):
            lengths = (some_lengths(seed) - 1) % longest + 1
            x = whole(seed)["x"]
            results += read(birnn, x, lengths)
            results += gradients(results[-2:], [x])
        found.append(results)
    same(*found, [f"{name} (longest {n} of {T})" for n in (4, 1) for name in (*RESULTS, "∂L/∂x")])


def test_padding_is_not_read(candidate, seed):
    """What stands in the padding changes nothing
    padding 里是什么，对结果毫无影响"""
    birnn = built(candidate)
    x, lengths, h = started(seed).values()
    real = torch.arange(T, device=x.device) < lengths[:, None]
    found = []
    for filler in (0.0, 7.5, -1e6):
        filled = torch.where(real[..., None], x, filler).detach().requires_grad_()
        results = read(birnn, filled, lengths, h)
        found.append([*results, *gradients(results, [filled, h])])
    for filler, other in zip(("7.5", "−10⁶"), found[1:], strict=True):
        same(other, found[0], [f"{name} (padding {filler})" for name in (*RESULTS, "∂L/∂x", "∂L/∂h₀")])


def test_alone(candidate, seed):
    """A sequence in a padded batch gives what it gives alone
    补齐的 batch 中每条序列的结果与它单独时相同"""
    birnn = built(candidate)
    x, lengths, h = started(seed).values()
    output, last = read(birnn, x, lengths, h)
    for i, n in enumerate(lengths.tolist()):
        alone = read(birnn, x[i : i + 1, :n], None, h[:, i : i + 1])
        labels = [f"{name} of sequence {i}, {n} tokens" for name in RESULTS]
        same([output[i : i + 1, :n], last[:, i : i + 1]], alone, labels)


def test_fresh(candidate, reference, seed):
    """A new network: names, shapes, every parameter its own and uniform
    新建的网络：名字、形状，每个参数各自独立且均匀分布"""
    hidden = 7
    right = reference.BiRNN(9, hidden, 2)
    bounds = {name: hidden**-0.5 for name in right.state_dict()}
    weights = {name: bound for name, bound in bounds.items() if "weight" in name}
    for some in (weights, bounds):  # weights first: in most wrong starts biases are zero
        starts_uniform(partial(candidate.BiRNN, 9, hidden, 2), right, some)


def test_default_layers(candidate, reference):
    """Without num_layers there is one layer
    不传 num_layers 时只有一层"""
    names = [", ".join(sorted(module.BiRNN(D, H).state_dict())) for module in (candidate, reference)]
    holds(
        names[0] == names[1],
        "BiRNN(input_size, hidden_size) does not have the parameters of exactly one layer.",
        "BiRNN(input_size, hidden_size) 的参数不是恰好一层的。",
        value=names[0],
        name="state_dict",
    )


def test_sizes(candidate, reference, seed):
    """Any sizes work: one sequence, one token, one feature, one hidden unit
    任何尺寸都可以：一条序列、一个 token、一个特征、一个隐藏单元"""
    cases = (
        (1, 1, 4, 3, 1),
        (1, 5, 2, 6, 2),
        (3, 1, 5, 2, 2),
        (4, 3, 1, 5, 1),
        (3, 4, 5, 1, 2),
        (1, 1, 1, 1, 1),
        (3, 3, 3, 3, 2),
        (6, 3, 6, 3, 2),
    )
    for sizes in cases:
        both = twins(candidate, reference, "BiRNN", *sizes[2:])
        note = " (B, T, D, H, L = {}, {}, {}, {}, {})".format(*sizes)
        agree(*both, partial(started, seed, *sizes), [name + note for name in RESULTS])
        if 1 in sizes:
            agree(*both, partial(whole, seed, *sizes[:3]), [f"{name}{note}, whole" for name in RESULTS])


def test_calls_apart(candidate, seed):
    """Calls are independent of each other, in both modes
    各次调用互不影响，两种模式下都如此"""
    calls_apart(partial(built, candidate, 1), lambda i: whole(seed + i))
    calls_apart(partial(built, candidate), lambda i: started(seed + i))


def test_other_shapes_before(candidate, reference, seed):
    """Other batches, lengths and lengths of the same shape before change nothing
    之前用过别的 batch 大小、长度，或同样形状的其他 lengths，都不影响结果"""
    found = []
    for birnn in twins(candidate, reference, "BiRNN", D, H, L):
        results = []
        for i, shape in enumerate(((2, 7), (7, 2), (B, T), (B, T), (B, 1), (B, T))):
            results += read(birnn, *padded(seed + i, *shape).values())
        results += read(birnn, *whole(seed).values())
        found.append(results)
    same(*found, [f"{name}, call {i}" for i in range(1, 8) for name in RESULTS])


def test_modes(candidate, seed):
    """Train and eval mode do the same
    train 和 eval 模式结果相同"""
    modes_alike(partial(built, candidate), lambda i: started(seed + i))


def test_sequences_apart(candidate, seed):
    """Each sequence of a batch goes its own way
    batch 中各条序列互不影响"""
    birnn = built(candidate)
    for given in ((), (some_lengths(seed),)):
        samples_apart(lambda x, given=given: read(birnn, x, *given)[0], lambda: whole(seed)["x"])
        samples_apart(
            lambda x, given=given: read(birnn, x, *given)[1].transpose(0, 1), lambda: whole(seed)["x"]
        )


def test_networks_apart(candidate, seed):
    """Two networks share nothing; a deep copy stands on its own
    两个网络不共享任何东西；deepcopy 得到的网络独立存在"""
    share_nothing(
        partial(candidate.BiRNN, D, H, L),
        lambda: whole(seed)["x"],
        beside=lambda: candidate.BiRNN(D + 1, H + 2, 1),
    )
    copies_apart(partial(built, candidate), lambda i: whole(seed + i)["x"])


def test_state_travels(candidate, seed):
    """Parameters that are loaded are all it goes by
    加载参数之后，只按这些参数计算"""
    travels(built(candidate), partial(candidate.BiRNN, D, H, L), lambda i: whole(seed + i)["x"])


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    for make in (whole, started):
        keeps_dtype(partial(built, candidate), partial(make, seed))


def test_layouts(candidate, reference, seed):
    """Transposed, strided and expanded inputs, lengths and states work
    x、lengths、h 是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(partial(built, candidate, 1), lambda shape: normal(seed, shape)[0], (B, T, D))
    found = []
    for birnn in twins(candidate, reference, "BiRNN", D, H, L):
        late, turned, one = normal(seed, (T, B, D), (B, H, 2 * L), (1, 1, H))
        lengths = torch.stack([some_lengths(seed), some_lengths(seed + 1)], dim=1)[:, 0]
        results = read(birnn, late.transpose(0, 1), lengths, turned.permute(2, 0, 1))
        three = torch.full((1,), 3, device=lengths.device).expand(B)
        results += read(birnn, late.transpose(0, 1), three, one.expand(2 * L, B, H))
        found.append([*results, *gradients(results, [late, turned, one])])
    leaves = ["∂L/∂x (transposed)", "∂L/∂h₀ (permuted)", "∂L/∂h₀ (expanded)"]
    same(*found, [*RESULTS, *(f"{name} (h₀ expanded)" for name in RESULTS), *leaves])


def test_side_effects(candidate, seed):
    """Inputs, lengths, states and parameters are left alone, also by later calls; nothing is reseeded
    输入、lengths、状态和参数保持不变，之后的调用也不会改动；不重新设种子"""
    leaves_alone(partial(built, candidate), lambda i: started(seed + i))
    leaves_alone(partial(built, candidate, 1), lambda i: padded(seed + i))
    not_reseeded(lambda: candidate.BiRNN(2, 3)(torch.rand(2, 4, 2)))


KINDS, LONGEST = 3, 8


def neighbours(seed, step):
    """Tokens with lengths, and for each real one which pair of tokens stands around it; −1 for what has no two."""
    (tokens,) = integers(1000 * seed + step, KINDS, (12, LONGEST))
    (drawn,) = integers(1000 * seed + step + 500, LONGEST - 2, (12,))
    lengths = drawn + 3
    wanted = torch.full_like(tokens, -1)
    wanted[:, 1:-1] = KINDS * tokens[:, :-2] + tokens[:, 2:]
    wanted[torch.arange(LONGEST, device=tokens.device) >= lengths[:, None] - 1] = -1
    return tokens, lengths, wanted


def tagger(module, hidden=24):
    """A network and a linear head, with parameters drawn from their names."""
    return draw(place(module.BiRNN(KINDS, hidden))), draw(place(nn.Linear(2 * hidden, KINDS * KINDS)))


def tag(birnn, head, seed, steps, shares):
    def loss_of(step):
        tokens, lengths, wanted = neighbours(seed, step)
        x = nn.functional.one_hot(tokens, KINDS).to(setting.dtype)
        logits, asked = head(birnn(x, lengths)[0]), wanted >= 0
        shares.append((logits.argmax(-1) == wanted)[asked].double().mean().item())
        return nn.functional.cross_entropy(logits[asked], wanted[asked])

    parameters = [*birnn.parameters(), *head.parameters()]
    return descend(parameters, loss_of, steps, 0.02, done=lambda: sum(shares[-5:]) > 4.85)


@pytest.mark.training
def test_curve(candidate, reference, seed):
    """A tagger learns as with the reference
    标注任务上，loss 曲线与参考实现一致"""
    curves = []
    for module in (candidate, reference):
        birnn, head = tagger(module)
        adopt(birnn, place(reference.BiRNN(KINDS, 24)))
        curves.append(tag(birnn, head, seed, 12, []))
    follows(*curves, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_neighbours(candidate, seed):
    """It learns to tell the token before and the token behind: accuracy ≥ 0.95
    能学会说出前一个和后一个 token：准确率 ≥ 0.95"""
    shares = []
    losses = tag(*tagger(candidate), seed, 200, shares)
    # Who reads in one direction alone stays near 1/3.
    reaches(sum(shares[-5:]) / 5, 0.95, "accuracy", losses=losses)
