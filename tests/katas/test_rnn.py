"""Grades katas/rnn.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    agree,
    any_layout,
    calls_apart,
    characters,
    copies_apart,
    data_file,
    descend,
    draw,
    follows,
    gradients,
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
    rejects,
    same,
    samples_apart,
    setting,
    share_nothing,
    starts_uniform,
    stir,
    travels,
    twins,
)

B, T, D, H = 4, 6, 5, 3
NAMES = ["weight_hh", "weight_ih", "bias"]
RESULTS = ["output", "h"]


def sequence(seed, shape=(B, T, D), **options):
    return {"x": normal(seed, shape, **options)[0]}


def with_state(seed, batch=B, steps=T, size=D, hidden=H, scale=1.2):
    x, h = normal(seed, (batch, steps, size), (batch, hidden), scale=scale)
    return {"x": x, "h₀": h}


def one_step(seed, batch=B, size=D, hidden=H, scale=1.2):
    x, h = normal(seed, (batch, size), (batch, hidden), scale=scale)
    return {"x": x, "h": h}


def walk(layer, *given, **named):
    """What a layer returns: [output, h]."""
    return pair(
        layer(*given, **named), "The layer returns the tuple (output, h).", "层应返回 tuple (output, h)。"
    )


def cell_of(candidate, **options):
    return stir(place(candidate.RNNCell(D, H, **options)))


def layer_of(candidate, **options):
    return stir(place(candidate.RNN(D, H, **options)))


def test_cell(candidate, reference, seed):
    """One step of the cell is right
    单元的一步计算正确"""
    both = twins(candidate, reference, "RNNCell", D, H)
    same(*(cell(*one_step(seed).values()) for cell in both), "h′")


def test_cell_gradients(candidate, reference, seed):
    """One step of the cell: gradients of x, h and the parameters are right
    单元的一步：x、h 和各参数的梯度正确"""
    agree(*twins(candidate, reference, "RNNCell", D, H), partial(one_step, seed), "h′")


def test_relu(candidate, reference, seed):
    """With nonlinearity='relu' the cell and the layer use ReLU
    nonlinearity='relu' 时，单元和层都用 ReLU"""
    agree(*twins(candidate, reference, "RNNCell", D, H, nonlinearity="relu"), partial(one_step, seed), "h′")
    mine, theirs = twins(candidate, reference, "RNN", D, H, "relu")
    agree(mine, theirs, partial(with_state, seed), RESULTS)
    agree(*twins(candidate, reference, "RNN", D, H, "tanh"), partial(with_state, seed), RESULTS)


def test_layer(candidate, reference, seed):
    """The layer from a zero state: the output of every step and the last state are right
    层从零状态出发：每一步的输出和最后的状态正确"""
    both = twins(candidate, reference, "RNN", D, H)
    same(*(walk(layer, *sequence(seed).values()) for layer in both), RESULTS)


def test_initial_state(candidate, reference, seed):
    """The layer starts from the state it is given
    层从传入的状态出发"""
    both = twins(candidate, reference, "RNN", D, H)
    same(*(walk(layer, *with_state(seed).values()) for layer in both), RESULTS)
    same(*(walk(layer, x=sequence(seed)["x"], h=None) for layer in both), [f"{r} (h=None)" for r in RESULTS])


def test_gradients(candidate, reference, seed):
    """Gradients flow through all steps: to x, to the parameters and to the initial state
    梯度流过所有时间步：传到 x、各参数和初始状态"""
    mine, theirs = twins(candidate, reference, "RNN", D, H)
    agree(mine, theirs, partial(sequence, seed), RESULTS)
    agree(mine, theirs, partial(with_state, seed), RESULTS)


def test_large_gradients(candidate, reference, seed):
    """Gradients are what they are, large ones too; an initial state of zeros gets them like any other
    梯度多大就是多大；全零的初始状态也和别的一样得到梯度"""

    def loud(layer):
        return lambda x, h: [100 * part for part in walk(layer, x, h)]

    both = twins(candidate, reference, "RNN", D, H)
    agree(*map(loud, both), partial(with_state, seed), [f"100 · {name}" for name in RESULTS])

    def from_zeros():
        given = with_state(seed)
        return given | {"h₀": torch.zeros_like(given["h₀"]).requires_grad_()}

    agree(*both, from_zeros, [f"{name} (h₀ = 0)" for name in RESULTS])


def test_gradient_of_each_result(candidate, reference, seed):
    """Output and h each carry gradients of their own
    output 和 h 各自都能传回梯度"""
    both = twins(candidate, reference, "RNN", D, H)
    names = [f"cell.{name}" for name in NAMES]
    for part, name in enumerate(RESULTS):
        found = []
        for layer in both:
            given = with_state(seed)
            result = walk(layer, *given.values())[part]
            found.append(gradients(result, [*parameters_of(layer, names), *given.values()]))
        same(*found, [f"∂L/∂{leaf} (L from {name})" for leaf in (*names, "x", "h₀")])


def test_two_pieces(candidate, reference, seed):
    """A sequence fed in two pieces, the state passed on, gives what the whole gives
    序列分两段输入、状态接着传，与整段输入的结果一致"""
    both, firsts = twins(candidate, reference, "RNN", D, H), []
    for layer in both:
        x = sequence(seed)["x"]
        firsts.append([x, walk(layer, x[:, :2])])
    # Judged before it goes on: a state of the wrong shape would crash in as many ways as there are styles.
    same(firsts[0][1], firsts[1][1], ["output (first piece)", "h (first piece)"])
    wholes = []
    for layer, (x, (start, h)) in zip(both, firsts, strict=True):
        rest, h = walk(layer, x[:, 2:], h)
        whole = [torch.cat([start, rest], dim=1), h]
        wholes.append([*whole, *gradients(whole, [x])])
    same(*wholes, [*RESULTS, "∂L/∂x"])


def test_long_sequence(candidate, reference, seed):
    """Forty steps, with gradients back to the first
    四十步的序列，梯度一直传回第一步"""

    def last_only(layer):
        return lambda x, h: walk(layer, x, h)[0][:, -1]

    both = twins(candidate, reference, "RNN", D, H)
    agree(*map(last_only, both), partial(with_state, seed, 2, 40, scale=0.3), "output[:, -1]")


def test_fresh(candidate, reference, seed):
    """A new cell and a new layer: names, shapes, all three parameters uniform
    新建的单元和层：名字、形状，三个参数都均匀分布"""
    size, hidden = 7, 12
    for kind in ("RNNCell", "RNN"):
        for nonlinearity in ("tanh", "relu"):
            build = partial(getattr(candidate, kind), size, hidden, nonlinearity)
            right = getattr(reference, kind)(size, hidden)
            bounds = {name: hidden**-0.5 for name in right.state_dict()}
            weights = {name: bound for name, bound in bounds.items() if "weight" in name}
            for some in (weights, bounds):  # weights first: in most wrong starts the bias is zero
                starts_uniform(build, right, some)


def test_other_names(candidate):
    """Any other nonlinearity raises ValueError
    nonlinearity 取其他值时抛出 ValueError"""
    for kind in ("RNNCell", "RNN"):
        for name in ("sigmoid", "ReLU", "Tanh", "relu6", ""):
            rejects(
                ValueError,
                partial(getattr(candidate, kind), D, H, name),
                f"{kind}(…, {name!r}): no ValueError is raised.",
                f"{kind}(…, {name!r})：没有抛出 ValueError。",
            )


def test_saturated(candidate, reference, seed):
    """Huge pre-activations: values and gradients stay finite and right
    激活函数的输入极大时，数值和梯度仍然有限且正确"""

    def loud(dtype):
        x, h = normal(seed, (B, D), (B, H), dtype=dtype)
        factors = x.new_tensor([300.0, 150.0, 1.0, 0.5])[:, None]  # two sequences saturate, two do not
        return {"x": (x.detach() * factors).requires_grad_(), "h": h}

    for nonlinearity in ("tanh", "relu"):
        for dtype in (setting.dtype, torch.float32):
            both = twins(candidate, reference, "RNNCell", D, H, nonlinearity=nonlinearity)
            both = [cell.to(dtype) for cell in both]
            agree(*both, partial(loud, dtype), f"h′ ({nonlinearity}, {dtype})")


def test_sizes(candidate, reference, seed):
    """Any sizes work: one sequence, one step, one feature, one hidden unit
    任何尺寸都可以：一条序列、一步、一个特征、一个隐藏单元"""
    cases = (1, 1, 5, 3), (1, 4, 2, 7), (3, 1, 7, 2), (2, 3, 1, 4), (2, 3, 4, 1), (1, 1, 1, 1), (4, 4, 4, 4)
    for sizes in cases:
        batch, _, size, hidden = sizes
        note = " (B, T, D, H = {}, {}, {}, {})".format(*sizes)
        both = twins(candidate, reference, "RNN", size, hidden)
        agree(*both, partial(with_state, seed, *sizes), [name + note for name in RESULTS])
        x = partial(sequence, seed, sizes[:3])
        agree(*both, x, [f"{name}{note}, h=None" for name in RESULTS])
        cells = twins(candidate, reference, "RNNCell", size, hidden)
        agree(*cells, partial(one_step, seed, batch, size, hidden), f"h′{note}")


def test_calls_apart(candidate, seed):
    """Calls are independent of each other, in both modes, with and without a state
    各次调用互不影响，两种模式、有无初始状态都如此"""
    build = partial(layer_of, candidate)
    calls_apart(build, lambda i: sequence(seed + i))
    calls_apart(build, lambda i: with_state(seed + i))
    calls_apart(partial(cell_of, candidate), lambda i: one_step(seed + i))


def test_other_shapes_before(candidate, reference, seed):
    """Other batches and lengths before change nothing
    之前用过别的 batch 大小和长度也不影响结果"""
    found = []
    for layer in twins(candidate, reference, "RNN", D, H):
        results = []
        for shape in ((2, 7, D), (7, 2, D), (B, T, D), (B, 1, D), (B, T, D)):
            results += walk(layer, *sequence(seed, shape).values())
        results.append(layer.cell(*one_step(seed).values()))
        found.append(results)
    same(*found, [*(f"{name}, call {i}" for i in range(1, 6) for name in RESULTS), "h′ of the cell"])


def test_other_dtype_before(candidate, reference, seed):
    """A layer that is cast to another dtype goes on in that one
    层转换 dtype 之后，就用新的 dtype 计算"""
    found = []
    for layer in twins(candidate, reference, "RNN", D, H):
        results = walk(layer.float(), **sequence(seed, dtype=torch.float32))
        found.append([*results, *walk(layer.to(setting.dtype), **sequence(seed))])
    same(
        *found,
        [f"{name} ({when})" for when in ("float32", "cast back") for name in RESULTS],
        tolerance=(1e-5, 1e-5),
    )


def test_modes(candidate, seed):
    """Train and eval mode do the same
    train 和 eval 模式结果相同"""
    modes_alike(partial(layer_of, candidate), lambda i: with_state(seed + i))


def test_sequences_apart(candidate, seed):
    """Each sequence of a batch goes its own way
    batch 中各条序列互不影响"""
    layer = layer_of(candidate)
    samples_apart(lambda x: walk(layer, x)[0], lambda: sequence(seed)["x"])
    samples_apart(lambda x: walk(layer, x)[1], lambda: sequence(seed)["x"])


def test_layers_apart(candidate, seed):
    """Two layers share nothing; a deep copy stands on its own
    两个层不共享任何东西；deepcopy 得到的层独立存在"""
    build = partial(candidate.RNN, D, H)
    share_nothing(build, lambda: sequence(seed)["x"], beside=lambda: candidate.RNN(D + 1, H + 2, "relu"))
    for options in ({}, {"nonlinearity": "relu"}):
        copies_apart(partial(layer_of, candidate, **options), lambda i: sequence(seed + i)["x"])


def test_state_travels(candidate, seed):
    """Parameters that are loaded are all a layer goes by
    加载参数之后，层只按这些参数计算"""
    travels(layer_of(candidate), partial(candidate.RNN, D, H), lambda i: sequence(seed + i)["x"])


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    keeps_dtype(partial(layer_of, candidate), partial(sequence, seed))
    keeps_dtype(partial(layer_of, candidate), partial(with_state, seed))
    keeps_dtype(partial(cell_of, candidate, nonlinearity="relu"), partial(one_step, seed))


def test_layouts(candidate, reference, seed):
    """Transposed, strided and expanded inputs and states work
    输入和状态是转置、带步长的切片或 expand 的结果时也正确"""
    any_layout(partial(layer_of, candidate), lambda shape: normal(seed, shape)[0], (B, T, D))
    found = []
    for layer in twins(candidate, reference, "RNN", D, H):
        late, turned, one = normal(seed, (T, B, D), (H, B), (1, H))
        results = walk(layer, late.transpose(0, 1), turned.T)
        results += walk(layer, late.transpose(0, 1), one.expand(B, H))
        found.append([*results, *gradients(results, [late, turned, one])])
    leaves = ["∂L/∂x (transposed)", "∂L/∂h₀ (transposed)", "∂L/∂h₀ (expanded)"]
    same(*found, [*RESULTS, *(f"{name} (h₀ expanded)" for name in RESULTS), *leaves])


def test_side_effects(candidate, seed):
    """Inputs, states and parameters are left alone, also by later calls; nothing is reseeded
    输入、状态和参数保持不变，之后的调用也不会改动；不重新设种子"""
    for nonlinearity in ("tanh", "relu"):
        leaves_alone(partial(layer_of, candidate, nonlinearity=nonlinearity), lambda i: with_state(seed + i))
        leaves_alone(partial(cell_of, candidate, nonlinearity=nonlinearity), lambda i: one_step(seed + i))
    not_reseeded(lambda: candidate.RNN(2, 3)(torch.rand(2, 4, 2)))


def model(module, size, hidden, kinds, **options):
    """A layer and a linear head, with parameters drawn from their names."""
    return draw(place(module.RNN(size, hidden, **options))), draw(place(nn.Linear(hidden, kinds)))


@pytest.mark.training
def test_characters(candidate, reference, seed):
    """A character model of The Time Machine learns as with the reference
    在《时间机器》上训练字符模型，loss 曲线与参考实现一致"""
    text = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8")[:1441]
    kinds = len(set(text))
    curves = []
    for module in (candidate, reference):
        layer, head = model(module, kinds, 24, kinds)
        adopt(layer, place(reference.RNN(kinds, 24)))
        curves.append(characters(layer, head, text))
    follows(*curves, 1e-6 if setting.dtype == torch.float64 else 1e-3)


def echoes(layer, head, seed, delay=3, kinds=4):
    """Training to say at every step which token came `delay` steps before: the share of the last batches."""
    shares = []

    def loss_of(step):
        (tokens,) = integers(1000 * seed + step, kinds, (16, 10))
        x = nn.functional.one_hot(tokens, kinds).to(setting.dtype)
        logits, wanted = head(layer(x)[0][:, delay:]), tokens[:, :-delay]
        shares.append((logits.argmax(-1) == wanted).double().mean().item())
        return nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())

    parameters = [*layer.parameters(), *head.parameters()]
    losses = descend(parameters, loss_of, 250, 0.02, done=lambda: sum(shares[-5:]) > 4.85)
    return sum(shares[-5:]) / 5, losses


@pytest.mark.training
def test_remembers(candidate, seed):
    """It learns to repeat what it read three steps ago: accuracy ≥ 0.95
    能学会复述三步之前读到的 token：准确率 ≥ 0.95"""
    for nonlinearity in ("tanh", "relu"):
        layer, head = model(candidate, 4, 32, 4, nonlinearity=nonlinearity)
        accuracy, losses = echoes(layer, head, seed)
        # Without a memory it stays at 1/4.
        reaches(accuracy, 0.95, f"accuracy ({nonlinearity})", losses=losses)
