"""Grades katas/gru.py."""

from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    alike,
    calls_apart,
    characters,
    data_file,
    draw,
    first_remembered,
    follows,
    gradients,
    holds,
    normal,
    not_reseeded,
    pair,
    place,
    reaches,
    same,
    setting,
    share_nothing,
    starts_uniform,
    travels,
    unchanged,
    undisturbed,
)

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
B, T, D, H, L = 4, 6, 5, 3, 2
ROUGH = (
    1e-2,
    1e-2,
)  # pre-activations of size 300 are right to four digits in float32; where they cancel, gates are, too


def learned(module):
    """The parameters, cell by cell in the order of the contract, however they were registered."""
    values = module.state_dict(keep_vars=True)
    order = sorted(values, key=lambda name: (name.rpartition(".")[0], NAMES.index(name.rpartition(".")[2])))
    return {name: values[name] for name in order}


def twins(candidate, reference, seed, kind, sizes=(D, H), scale=0.7):
    """The attempt's module and the reference's, with the same weights."""
    return alike(*(place(getattr(m, kind)(*sizes)) for m in (candidate, reference)), seed, scale)


def walk(layers, x, *h):
    """What the layers return: [output, h]."""
    return pair(layers(x, *h), "The layers return the tuple (output, h).", "返回值应为 tuple (output, h)。")


def judged(found, names, leaves, note="", tolerance=None):
    """Compares what both returned, then the gradients of the parameters and of other leaves."""
    (module, outputs, inputs), (right, right_outputs, right_inputs) = found
    same(outputs, right_outputs, [f"{name}{note}" for name in names], tolerance=tolerance)
    same(
        gradients(outputs, [*learned(module).values(), *inputs]),
        gradients(right_outputs, [*learned(right).values(), *right_inputs]),
        # Parameters first: a nan in one sequence spoils all of ∂L/∂W, but not all of ∂L/∂x.
        [*(f"∂L/∂{name}" for name in learned(right)), *leaves],
        tolerance=tolerance,
    )


def test_cell(candidate, reference, seed):
    """One step of the cell is right
    单元的一步计算正确"""
    results = []
    for cell in twins(candidate, reference, seed, "GRUCell"):
        x, h = normal(seed, (B, D), (B, H), scale=1.3)
        results.append(cell(x, h))
    same(*results, "h")


def test_cell_gradients(candidate, reference, seed):
    """One step of the cell: gradients of x, h and the parameters are right
    单元的一步：x、h 和各参数的梯度正确"""
    found = []
    for cell in twins(candidate, reference, seed, "GRUCell"):
        x, h = normal(seed, (B, D), (B, H))
        found.append((cell, [cell(x, h)], [x, h]))
    judged(found, ["h"], ["∂L/∂x", "∂L/∂h"])


def test_one_layer(candidate, reference, seed):
    """One layer from zero states: the output of every step and the last state are right
    单层从零状态出发：每一步的输出和最后的状态正确"""
    both = twins(candidate, reference, seed, "GRU")
    same(*(walk(layers, *normal(seed, (B, T, D))) for layers in both), ["output", "h"])


def test_layers(candidate, reference, seed):
    """Stacked layers from zero states are right
    多层从零状态出发，结果正确"""
    for count in (2, 3):
        both = twins(candidate, reference, seed, "GRU", (D, H, count))
        names = [f"output (L = {count})", f"h (L = {count})"]
        same(*(walk(layers, *normal(seed, (B, T, D))) for layers in both), names)


def test_initial_state(candidate, reference, seed):
    """Every layer starts from the state it is given
    每一层都从传入的状态出发"""
    for count in (1, 2, 3):
        results = []
        for layers in twins(candidate, reference, seed, "GRU", (D, H, count)):
            x, h = normal(seed, (B, T, D), (count, B, H), scale=1.3)
            results.append(walk(layers, x, h))
        same(*results, [f"output (L = {count})", f"h (L = {count})"])


def test_gradients(candidate, reference, seed):
    """Gradients flow through all steps and layers: to x, to the parameters and to the initial states
    梯度流过所有时间步和所有层：传到 x、各参数和初始状态"""
    found = []
    for layers in twins(candidate, reference, seed, "GRU", (D, H, L)):
        (x,) = normal(seed, (B, T, D))
        found.append((layers, walk(layers, x), [x]))
    judged(found, ["output", "h"], ["∂L/∂x"])
    found = []
    for layers in twins(candidate, reference, seed, "GRU", (D, H, L)):
        x, h = normal(seed, (B, T, D), (L, B, H))
        found.append((layers, walk(layers, x, h), [x, h]))
    judged(found, ["output", "h"], ["∂L/∂x", "∂L/∂h₀"])


def test_gradient_of_each_result(candidate, reference, seed):
    """Output and h each carry gradients of their own
    output 和 h 各自都能传回梯度"""
    both = twins(candidate, reference, seed, "GRU", (D, H, L))
    for part, name in enumerate(("output", "h")):
        found = []
        for layers in both:
            x, h = normal(seed, (B, T, D), (L, B, H))
            found.append(gradients(walk(layers, x, h)[part], [*learned(layers).values(), x, h]))
        leaves = [*(f"∂L/∂{p}" for p in learned(both[1])), "∂L/∂x", "∂L/∂h₀"]
        same(*found, [f"{leaf} (L from {name})" for leaf in leaves])


def test_two_pieces(candidate, reference, seed):
    """A sequence fed in two pieces, the states passed on, gives what the whole gives
    序列分两段输入、状态接着传，与整段输入的结果一致"""
    pieces = []
    for layers in twins(candidate, reference, seed, "GRU", (D, H, L)):
        (x,) = normal(seed, (B, T, D))
        pieces.append((layers, x, walk(layers, x[:, :2])))
    # Judged before it goes on: states of the wrong shape would crash in as many ways as there are styles.
    same(*(first for _, _, first in pieces), ["output (first piece)", "h (first piece)"])
    results = []
    for layers, x, (start, h) in pieces:
        rest, h = walk(layers, x[:, 2:], h)
        output = torch.cat([start, rest], dim=1)
        results.append([output, h, *gradients([output, h], [x])])
    same(*results, ["output", "h", "∂L/∂x"])


def test_long_sequence(candidate, reference, seed):
    """Forty steps, with gradients back to the first
    四十步的序列，梯度一直传回第一步"""
    found = []
    for layers in twins(candidate, reference, seed, "GRU", (D, H)):
        x, h = normal(seed, (2, 40, D), (1, 2, H), scale=0.5)
        found.append((layers, [walk(layers, x, h)[0][:, -1]], [x, h]))
    judged(found, ["output[:, -1]"], ["∂L/∂x", "∂L/∂h₀"])


def test_fresh(candidate, reference, seed):
    """New cells and layers: names, shapes, and all four parameters uniform
    新建的单元和层：名字、形状，四个参数都均匀分布"""
    hidden = 8
    for kind, sizes in (("GRUCell", (11, hidden)), ("GRU", (11, hidden, 3))):
        right = getattr(reference, kind)(*sizes)
        bounds = dict.fromkeys(learned(right), hidden**-0.5)
        weights = {name: bound for name, bound in bounds.items() if "weight" in name}
        for some in (weights, bounds):  # the weights first: most wrong starts have biases of zero
            starts_uniform(partial(getattr(candidate, kind), *sizes), right, some)


def test_default_layers(candidate, reference, seed):
    """Without num_layers there is one layer
    不传 num_layers 时只有一层"""
    names = [", ".join(sorted(module.GRU(D, H).state_dict())) for module in (candidate, reference)]
    holds(
        names[0] == names[1],
        "GRU(input_size, hidden_size) does not have the parameters of exactly one layer.",
        "GRU(input_size, hidden_size) 的参数不是恰好一层的。",
        value=names[0],
        name="state_dict",
    )


def test_saturated(candidate, reference, seed):
    """Saturated gates: values and gradients stay finite and right
    门饱和时，数值和梯度仍然有限且正确"""
    for dtype in (setting.dtype, torch.float32):
        found = []
        for cell in twins(candidate, reference, seed, "GRUCell", scale=1.0):
            # The first two sequences saturate, the others do not.
            x, h = normal(seed, (B, D), (B, H), dtype=dtype)
            loud = x.new_tensor([300.0, 150.0, 1.0, 0.5])[:, None]
            found.append((cell, [cell.to(dtype)(x * loud, h)], [h, x]))
        note = f" ({str(dtype)[6:]})"
        judged(found, ["h"], ["∂L/∂h", "∂L/∂x"], note, ROUGH if dtype == torch.float32 else None)


def test_sizes(candidate, reference, seed):
    """Any sizes work: one sequence, one step, one feature, one hidden unit
    任何尺寸都可以：一条序列、一步、一个特征、一个隐藏单元"""
    cases = (
        (1, 1, 5, 3, 2),
        (1, 4, 2, 7, 3),
        (3, 1, 7, 2, 1),
        (3, 1, 7, 2, 2),
        (2, 3, 1, 4, 2),
        (2, 3, 4, 1, 2),
        (2, 3, 1, 1, 2),
        (4, 4, 4, 4, 4),
    )
    for batch, steps, size, hidden, count in cases:
        found = []
        for layers in twins(candidate, reference, seed, "GRU", (size, hidden, count)):
            x, h = normal(seed, (batch, steps, size), (count, batch, hidden))
            found.append([*walk(layers, x), *walk(layers, x, h)])
        note = f" (B={batch}, T={steps}, D={size}, H={hidden}, L={count})"
        same(*found, [name + note for name in ("output", "h") * 2])
        found = []
        for cell in twins(candidate, reference, seed, "GRUCell", (size, hidden)):
            x, h = normal(seed, (batch, size), (batch, hidden))
            found.append([cell(x, h), *gradients(cell(x, h), [x, h])])
        same(*found, [f"h{note}", "∂L/∂x", "∂L/∂h"])


def test_many_calls(candidate, reference, seed):
    """Calls are independent: other batches, lengths and modes before change nothing
    各次调用互不影响：之前用过别的 batch、长度和模式也一样"""
    both = twins(candidate, reference, seed, "GRU", (D, H, L))
    found = []
    for layers in both:
        found.append([part for _ in range(2) for part in walk(layers, *normal(seed, (B, T, D)))])
    same(*found, ["output", "h", "output (again)", "h (again)"])
    found = []
    for layers in both:
        results = []
        for shape in ((2, 7, D), (7, 2, D)):
            results += walk(layers, *normal(seed, shape))
        for turn in range(2):  # of one shape, of other values
            with torch.no_grad():
                results += walk(layers.eval(), *normal(seed + turn, (B, T, D)))
        (x,) = normal(seed + 1, (B, T, D))
        outputs = walk(layers, x)
        results += [*outputs, *gradients(outputs, [x])]
        x, h = normal(seed, (B, D), (B, H))
        results.append(layers.train().cells[0](x, h))
        found.append(results)
    same(*found, [*("output", "h") * 2, *("output (eval)", "h (eval)") * 3, "∂L/∂x (eval)", "h"])


def test_instances(candidate, reference, seed):
    """Two GRUs share nothing
    两个 GRU 之间不共享任何东西"""
    pairs = [twins(candidate, reference, seed + i, "GRU", (D, H, L)) for i in range(2)]
    for number, both in enumerate(pairs):
        results = [walk(layers, *normal(seed, (B, T, D))) for layers in both]
        same(*results, [f"output ({number})", f"h ({number})"])


def test_nothing_is_remembered(candidate, seed):
    """Neither weights that were replaced nor what a tensor held before count, nor what another layer is or has learned
    已被替换的权重、张量里以前的内容、另一层的尺寸和参数，都不起作用"""

    def build():
        return draw(place(candidate.GRU(D, H, L)))

    travels(build(), build, lambda i: normal(seed + i, (B, T, D))[0])
    calls_apart(build, lambda i: normal(seed + i, (B, T, D))[0])
    share_nothing(build, lambda: normal(seed, (B, T, D))[0], beside=lambda: candidate.GRU(D + 1, H + 2))


def test_float32(candidate, reference, seed):
    """float32 stays float32
    float32 的输入得到 float32 的结果"""
    both = twins(candidate, reference, seed, "GRU", (D, H, L))
    found = []
    for layers in both:
        walk(layers, *normal(seed, (B, T, D)))  # what it may keep of this call must not stay
        layers.float()
        x, h = normal(seed, (B, T, D), (L, B, H), dtype=torch.float32)
        outputs = [*walk(layers, x), *walk(layers, x, h)]
        found.append([*outputs, *gradients(outputs, [*learned(layers).values(), x, h])])
    same(*found, [*("output", "h") * 2, *(f"∂L/∂{p}" for p in learned(both[1])), "∂L/∂x", "∂L/∂h₀"])


def test_non_contiguous(candidate, reference, seed):
    """Transposed, strided and expanded inputs and states work
    输入和状态是转置、带步长的切片或 expand 的结果时也正确"""
    found = []
    for layers in twins(candidate, reference, seed, "GRU", (D, H, L)):
        late, wide, h, g = normal(seed, (T, B, D), (B, 2 * T, 2 * D), (B, H, L), (1, 1, H))
        results = walk(layers, late.transpose(0, 1), h.permute(2, 0, 1))
        results += walk(layers, wide[:, ::2, 1::2], g.expand(L, B, H))
        found.append([*results, *gradients(results, [late, wide, h, g])])
    leaves = ["∂L/∂x (transposed)", "∂L/∂x (strided)", "∂L/∂h₀ (permuted)", "∂L/∂h₀ (expanded)"]
    same(*found, [*("output", "h") * 2, *leaves])


def test_side_effects(candidate, seed):
    """Inputs, states and parameters are left alone, also by later calls; nothing is reseeded
    输入、状态和参数保持不变，之后的调用也不会改动；不重新设种子"""
    layers = draw(place(candidate.GRU(D, H, L)))
    x, h = normal(seed, (B, T, D), (L, B, H), grad=False)
    with unchanged(x=x, h=h, **dict(sorted(layers.named_parameters()))):
        output, last = layers(x, h)
        with unchanged(output=output, last=last):
            layers(x, 2 * h)[0].sum().backward()
            layers.cells[0](x[:, 0], h[0])
            layers.eval()(x)
    not_reseeded(lambda: candidate.GRU(2, 3, 2)(torch.rand(2, 4, 2)))
    step = x[:, 0].clone()
    calls = [partial(layers, x), partial(layers, x, h), partial(layers.cells[0], step, h[0])]
    undisturbed(calls, layers, x=x, h=h, step=step)


def model(module, size, hidden, layers, kinds):
    """Layers and a linear head, with parameters drawn from their names."""
    return draw(place(module.GRU(size, hidden, layers))), draw(place(nn.Linear(hidden, kinds)))


@pytest.mark.training
def test_characters(candidate, reference, seed):
    """A character model of The Time Machine learns as with the reference
    在《时间机器》上训练字符模型，loss 曲线与参考实现一致"""

    text = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8")[:1441]
    kinds = len(set(text))
    curves = []
    for module in (candidate, reference):
        layers, head = model(module, kinds, 24, 2, kinds)
        adopt(layers, place(reference.GRU(kinds, 24, 2)))
        curves.append(characters(layers, head, text))
    follows(*curves, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_remembers(candidate, seed):
    """It learns to tell the first token after 30 steps: accuracy ≥ 0.95
    能学会在 30 步之后说出第一个 token：准确率 ≥ 0.95"""
    layers, head = model(candidate, 6, 40, 1, 3)
    with torch.no_grad():  # update gates that start by keeping: the usual start where memories are long
        layers.cells[0].bias_ih[40:80] = 4.0
    accuracy, losses = first_remembered(layers, head, seed)
    # Without a memory it stays at 1/3.
    reaches(accuracy, 0.95, "accuracy", losses=losses)
