"""A matrix as a map: order, shapes, cost, and the one factor it has for all areas."""


def rotate_then_draw(rng):
    while True:
        a11, a12, a21, a22, b11, b12, b21, b22 = (rng.choice([-2, -1, 0, 1, 2, 3]) for _ in range(8))
        x1, x2 = rng.choice([1, 2, 3]), rng.choice([-2, -1, 1, 2])
        bx1, bx2 = b11 * x1 + b12 * x2, b21 * x1 + b22 * x2
        ax1, ax2 = a11 * x1 + a12 * x2, a21 * x1 + a22 * x2
        tx1, tx2 = b11 * x1 + b21 * x2, b12 * x1 + b22 * x2
        values = {
            "answer": a11 * bx1 + a12 * bx2,
            "swapped": b11 * ax1 + b12 * ax2,
            "by_columns": a11 * tx1 + a12 * tx2,
            "elementwise": a11 * b11 * x1 + a12 * b12 * x2,
        }
        if len(set(values.values())) == 4:
            entries = {"a11": a11, "a12": a12, "a21": a21, "a22": a22}
            entries |= {"b11": b11, "b12": b12, "b21": b21, "b22": b22}
            return entries | {"x1": x1, "x2": x2, "bx1": bx1, "bx2": bx2} | values


def rotate_then_evidence(drawn):
    import torch

    def matrix(name):
        return torch.tensor(
            [[float(drawn[f"{name}{i}{j}"]) for j in (1, 2)] for i in (1, 2)], dtype=torch.float64
        )

    x = torch.tensor([float(drawn["x1"]), float(drawn["x2"])], dtype=torch.float64)
    first = (matrix("a") @ matrix("b") @ x)[0].item()
    return [abs(drawn[n] - first) < 1e-9 for n in ("answer", "swapped", "by_columns", "elementwise")]


def few_inputs_evidence():
    import torch

    with_zero, combined, smooth = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        w, basis = (torch.randn(n, 5, generator=g, dtype=torch.float64) for n in (3, 5))
        new = torch.randn(5, generator=g, dtype=torch.float64)

        def predicted(inputs, f, new=new):
            """The combination of `inputs` nearest to `new`, and the same combination of their outputs."""
            weights = torch.linalg.lstsq(inputs.T, new, driver="gelsd").solution
            return weights @ torch.stack([f(x) for x in inputs])

        def linear(x, w=w):
            return w @ x

        def bent(x, w=w):
            return (w @ x).tanh()

        four = torch.cat([basis[:4], torch.zeros(1, 5, dtype=torch.float64)])  # the input 0 tells nothing
        with_zero.append(torch.allclose(predicted(four, linear), linear(new)))
        combined.append(torch.allclose(predicted(basis, linear), linear(new)))
        smooth.append(torch.allclose(predicted(basis, bent), bent(new), atol=0.05))
    return [any(with_zero), all(combined), None, any(smooth)]


def bracket_draw(rng):
    d, r, n = rng.choice([512, 1024, 2048, 4096]), rng.choice([8, 16, 64]), rng.choice([1, 32, 128, 512])
    wide, narrow = d * r * d + d * d * n, 2 * r * d * n
    values = {"answer": wide / narrow, "forgot": d * d * n / narrow, "half": 2 * wide / narrow}
    return {"d": d, "r": r, "n": n} | {name: float(f"{v:.6g}") for name, v in values.items()}


def bracket_evidence(drawn):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    d, r, n = drawn["d"], drawn["r"], drawn["n"]
    a, b, x = (torch.empty(s, device="meta") for s in ((d, r), (r, d), (d, n)))
    counts = []
    for product in (lambda: (a @ b) @ x, lambda: a @ (b @ x)):
        with FlopCounterMode(display=False) as counter:
            product()
        counts.append(counter.get_total_flops())
    ratio = counts[0] / counts[1]
    return [abs(v / ratio - 1) < 0.01 for v in (drawn["answer"], drawn["forgot"], drawn["half"], 1)]


def mismatch_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    layer, x = nn.Linear(784, 128), torch.rand(32, 784, generator=g)
    w, b = layer.weight.detach(), layer.bias.detach()
    lines = (lambda: x @ w.reshape(784, 128), lambda: w @ x.T, lambda: x @ w.T, lambda: x.T @ w)
    wanted, found = layer(x).detach(), []
    for line in lines:
        try:
            found.append(torch.allclose(line() + b, wanted, atol=1e-5))
        except RuntimeError:
            found.append(False)
    return found


def image_areas(w, bent, spots, radius=0.2):
    """Areas of the images of discs around `spots`, by the shoelace formula on 400 points of their rims."""
    import torch

    angle = torch.arange(400, dtype=torch.float64) * (2 * torch.pi / 400)
    rim = radius * torch.stack([angle.cos(), angle.sin()], 1)
    areas = []
    for spot in spots:
        image = (spot + rim) @ w.T
        if bent:
            image = image.tanh()
        x, y = image.T
        areas.append(0.5 * (x * y.roll(-1) - x.roll(-1) * y).sum().abs().item())
    return areas


def _mapped(seed, bent):
    import torch

    g = torch.Generator().manual_seed(seed)
    w = torch.randn(2, 2, generator=g, dtype=torch.float64) + torch.eye(2, dtype=torch.float64)
    far = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0], dtype=torch.float64)
    turn = torch.rand(5, generator=g, dtype=torch.float64) * 2 * torch.pi
    spots = torch.stack([far * turn.cos(), far * turn.sin()], 1)
    disc = 0.5 * 400 * 0.2**2 * torch.sin(torch.tensor(2 * torch.pi / 400, dtype=torch.float64)).item()
    return [a / disc for a in image_areas(w, bent, spots)], torch.linalg.det(w).abs().item()


def areas_evidence():
    equal = []
    for bent in (False, True):
        runs = [_mapped(seed, bent)[0] for seed in range(3)]
        equal.append(all(max(run) / min(run) < 1.001 for run in runs))
        assert equal[-1] or all(max(run) / min(run) > 1.5 for run in runs)
    alone, bent = equal
    return [alone and not bent, alone and bent, not alone and bent, not alone and not bent]


def worked():
    import torch

    a, b = torch.tensor([[2, 1], [0, 1]]), torch.tensor([[0, -1], [1, 0]])
    x = torch.tensor([1, 3])

    def shown(v):
        return "(" + ", ".join(str(n).replace("-", "−") for n in v.tolist()) + ")"

    return [
        f"= {shown(a @ x)}",
        f"|det A| = {torch.linalg.det(a.double()).abs().item():.0f}",
        f"A{shown(b @ x)} = {shown(a @ b @ x)}",
        f"B{shown(a @ x)} = {shown(b @ a @ x)}",
    ]


def experiment(off=False):

    rows = []
    for seed in range(3):
        factors, det = _mapped(seed, bent=off)
        if off:
            assert max(factors) / min(factors) > 1.5, "after tanh the factor depends on the place"
        else:
            assert all(abs(f / det - 1) < 1e-6 for f in factors), "one factor everywhere, |det W|"
        rows.append([f"W {seed + 1}", round(det, 3), *(round(f, 3) for f in factors)])
    spread = max(max(row[2:]) / min(row[2:]) for row in rows if min(row[2:]) > 0)
    if off:
        says = (
            f"With tanh after W the factor depends on the place: the largest is up to {spread:.0f} times the smallest. A map that is not "
            "linear has a factor at each point (the determinant of its Jacobian), and none for the whole plane.",
            f"W 之后加上 tanh，倍数随位置而变：最大的可达最小的 {spread:.0f} 倍。非线性映射在每一点有自己的倍数（Jacobian 的行列式），"
            "整个平面没有统一的倍数。",
        )
    else:
        says = (
            "Three matrices, five discs each, up to 2 from the origin: every area is multiplied by |det W|, wherever "
            "the disc lies, to six digits.",
            "三个矩阵，各映射五个圆盘，离原点最远 2：不论圆盘在哪里，面积都乘以 |det W|，六位数字一致。",
        )
    return {
        "says": says,
        "off": ("tanh after the matrix", "在矩阵之后加 tanh"),
        "title": (
            "Area of a disc's image over the disc's, by its distance",
            "圆盘的像与圆盘的面积之比（按离原点的距离）",
        ),
        "chart": "table",
        "columns": ["", "|det W|", "0", "0.5", "1", "1.5", "2"],
        "rows": rows,
    }
