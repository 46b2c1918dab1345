"""Boxes: IoU counted on a grid, NMS in a crowd, and a loss without slope."""


def _iou(a, b):
    """Of boxes (…, 4), pair by pair."""
    import torch

    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (a, b)]
    return inter / (areas[0] + areas[1] - inter)


def _nms(boxes, scores, threshold):
    order, kept = scores.argsort(descending=True).tolist(), []
    overlaps = _iou(boxes[:, None], boxes[None])
    while order:
        best = order.pop(0)
        kept.append(best)
        order = [k for k in order if overlaps[best, k] <= threshold]
    return kept


def _crowd(seed, threshold, overlap=0.6, trials=60, each=8):
    """Two objects of that IoU, jittered detections of both: objects found and duplicates left, a trial."""
    import torch

    g = torch.Generator().manual_seed(seed)
    shift = 100 * (1 - overlap) / (1 + overlap)
    found = duplicates = 0
    for _ in range(trials):
        truth = torch.tensor([[0.0, 0.0, 100.0, 100.0], [shift, 0.0, 100.0 + shift, 100.0]])
        boxes = truth.repeat_interleave(each, 0) + 2 * torch.randn(2 * each, 4, generator=g)
        kept = _nms(boxes, torch.rand(2 * each, generator=g), threshold)
        objects = {k // each for k in kept}
        found, duplicates = found + len(objects), duplicates + len(kept) - len(objects)
    return found / trials, duplicates / trials


def overlap_draw(rng):
    while True:
        a = [rng.randint(0, 4), rng.randint(0, 4)]
        b = [rng.randint(0, 6), rng.randint(0, 6)]
        a += [a[0] + rng.randint(4, 10), a[1] + rng.randint(4, 10)]
        b += [b[0] + rng.randint(4, 10), b[1] + rng.randint(4, 10)]
        wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        area_a, area_b = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
        inter = max(0, wide) * max(0, high)
        if 0.15 * area_a < inter < 0.9 * min(area_a, area_b):
            union = area_a + area_b - inter
            values = {
                "answer": inter / union,
                "double": inter / (area_a + area_b),
                "dice": 2 * inter / (area_a + area_b),
                "smaller": inter / min(area_a, area_b),
            }
            numbers = list(values.values())
            if all(abs(p / q - 1) > 0.03 for i, p in enumerate(numbers) for q in numbers[:i]):
                shown = {name: f"{value:.3f}" for name, value in values.items()}
                boxes = {"a": ", ".join(map(str, a)), "b": ", ".join(map(str, b))}
                return shown | boxes | {"inter": inter, "area_a": area_a, "area_b": area_b, "union": union}


def overlap_evidence(drawn):
    import torch

    cells = torch.zeros(2, 30, 30, dtype=torch.bool)
    for grid, name in zip(cells, "ab", strict=True):
        x1, y1, x2, y2 = map(int, drawn[name].split(", "))
        grid[y1:y2, x1:x2] = True
    iou = ((cells[0] & cells[1]).sum() / (cells[0] | cells[1]).sum()).item()
    return [abs(float(drawn[name]) - iou) < 0.001 for name in ("answer", "double", "dice", "smaller")]


def crowd_evidence():
    runs = [_crowd(seed, 0.5) for seed in range(3)]
    two = all(found > 1.9 for found, _d in runs)
    one = all(found < 1.1 and duplicates < 0.1 for found, duplicates in runs)
    many = any(duplicates > 1 for _f, duplicates in runs)
    return [two, one, many, any(found < 0.9 for found, _d in runs)]


def count_draw(rng):
    size, strides, k = rng.choice([320, 416, 512, 640, 800, 1024]), rng.choice(["8, 16, 32", "16, 32", "4, 8, 16, 32"]), rng.choice([3, 6, 9])  # fmt: skip
    sides = [size // int(stride) for stride in strides.split(", ")]
    cells = sum(side**2 for side in sides)
    return {
        "size": size,
        "strides": strides,
        "k": k,
        "cells": cells,
        "answer": cells * k,
        "no_anchors": cells,
        "one_map": sides[0] ** 2 * k,
        "side": sum(sides) * k,
    }


def count_evidence(drawn):
    import torch

    image = torch.zeros(1, 1, drawn["size"], drawn["size"])
    boxes = 0
    for stride in map(int, drawn["strides"].split(", ")):
        cells = torch.nn.functional.max_pool2d(image, stride)
        boxes += cells.expand(drawn["k"], -1, -1, -1).numel()
    return [drawn[name] == boxes for name in ("answer", "no_anchors", "one_map", "side")]


def apart_evidence():
    import torch

    truth = torch.tensor([0.0, 0.0, 4.0, 4.0])
    box = torch.tensor([7.0, 1.0, 10.0, 5.0], requires_grad=True)
    iou = _iou(box, truth)
    hull = (torch.maximum(box, truth)[2:] - torch.minimum(box, truth)[:2]).prod()
    union = (box[2:] - box[:2]).prod() + (truth[2:] - truth[:2]).prod()
    (slope,) = torch.autograd.grad(1 - iou, box, retain_graph=True)
    (general,) = torch.autograd.grad(1 - iou + (hull - union) / hull, box)
    flat = bool((slope == 0).all()) and iou.item() == 0
    nearer = general[0].item() + general[2].item() > 0  # descent moves the box to the left
    return [None, bool((slope != 0).any()), flat and nearer, None]


def _average_precision(boxes, scores, truth, threshold):
    taken, hits, total, found = set(), 0, 0.0, _iou(boxes[:, None], truth[None])
    for rank, k in enumerate(scores.argsort(descending=True).tolist(), 1):
        free = [j for j in range(len(truth)) if j not in taken and found[k, j] >= threshold]
        if free:
            taken.add(max(free, key=lambda j, k=k: found[k, j]))
            hits += 1
            total += hits / rank
    return total / len(truth)


def loose_evidence():
    import torch

    duplicated, moved = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        corner = 100 * torch.stack([torch.arange(20) % 5, torch.arange(20) // 5], 1).float()
        truth = torch.cat([corner, corner + 40], 1)
        good = truth + torch.randn(20, 4, generator=g)
        twice = torch.cat([good, truth + torch.randn(20, 4, generator=g)])
        scores = torch.rand(40, generator=g)
        loose, tight = (_average_precision(twice, scores, truth, t) for t in (0.5, 0.75))
        duplicated.append(loose - tight > 0.2)
        loose, tight = (_average_precision(good + 4, scores[:20], truth, t) for t in (0.5, 0.75))
        moved.append(loose > 0.95 and tight < 0.3)
    return [any(duplicated), None, None, all(moved)]


def worked():
    import torch

    a, b = torch.tensor([0.0, 0.0, 4.0, 4.0]), torch.tensor([2.0, 1.0, 6.0, 5.0])
    square = torch.tensor([0.0, 0.0, 40.0, 40.0])
    return [f"{_iou(a, b):.3f}", f"{_iou(square + 4, square):.3f}", f"{_iou(square + 8, square):.3f}"]


def experiment(off=False):
    overlap, thresholds = (0.1 if off else 0.6), (0.3, 0.5, 0.7, 0.8, 0.9)
    runs = {t: [_crowd(seed, t, overlap, trials=30) for seed in range(3)] for t in thresholds}
    rows, found, left = [], {}, {}
    for t in thresholds:
        found[t], left[t] = (sum(column) / 3 for column in zip(*runs[t], strict=True))
        rows.append([t, round(found[t], 2), round(left[t], 2)])
    assert all(duplicates > 1 for _f, duplicates in runs[0.9]), "a high threshold leaves duplicates"
    if off:
        assert all(count == 2 for t in (0.3, 0.5, 0.7) for count, _d in runs[t]), "apart, both are found"
        says = (
            f"Boxes with IoU {overlap}: from 0.3 to 0.7 NMS finds {found[0.5]:.2f} of 2 people, with {left[0.5]:.2f} duplicates. "
            "There is nothing to trade.",
            f"真实框的 IoU 为 {overlap}：阈值 0.3 到 0.7，2 个人找到 {found[0.5]:.2f} 个，重复 {left[0.5]:.2f} 个。没有取舍的问题。",
        )
    else:
        assert all(count < 1.1 for count, _d in runs[0.5]), "below the objects' IoU the second one is lost"
        assert all(count > 1.9 for count, _d in runs[0.8]), "above it both are found"
        says = (
            f"Two people whose boxes have IoU {overlap}: at 0.5 NMS leaves {found[0.5]:.2f} of them, at 0.8 {found[0.8]:.2f}, but at "
            f"0.9 also {left[0.9]:.1f} duplicates.",
            f"两个人的框 IoU 为 {overlap}：阈值 0.5 时 NMS 留下 {found[0.5]:.2f} 个人，0.8 时 {found[0.8]:.2f} 个，而 0.9 时还有 "
            f"{left[0.9]:.1f} 个重复的框。",
        )
    return {
        "says": says,
        "off": ("people who stand further apart", "两个人站得远一些"),
        "title": ("Two people, eight boxes each (3 × 30 scenes)", "两个人，各八个框（3 × 30 个场景）"),
        "chart": "table",
        "columns": [("threshold", "阈值"), ("people found", "找到的人"), ("duplicates", "重复的框")],
        "rows": rows,
    }
