import math

RULES = {
    "add": (lambda a, b: a + b, lambda a, b, y: (1.0, 1.0)),
    "sub": (lambda a, b: a - b, lambda a, b, y: (1.0, -1.0)),
    "mul": (lambda a, b: a * b, lambda a, b, y: (b, a)),
    "div": (lambda a, b: a / b, lambda a, b, y: (1 / b, -y / b)),
    "neg": (lambda a: -a, lambda a, y: (-1.0,)),
    "exp": (math.exp, lambda a, y: (y,)),
    "tanh": (math.tanh, lambda a, y: (1 - y * y,)),
    "relu": (lambda a: (a + abs(a)) / 2, lambda a, y: (float(a > 0),)),
}


def apply(rule, *operands):
    operands = [x if isinstance(x, Value) else Value(x) for x in operands]
    forward, slopes = RULES[rule] if isinstance(rule, str) else rule
    numbers = [x.data for x in operands]
    out = Value(forward(*numbers))
    out.operands, out.slopes = operands, slopes(*numbers, out.data)
    return out


class Value:
    """A table of rules; backward orders the graph with two stacks (reversed postorder)."""

    __slots__ = ("data", "grad", "operands", "slopes")

    def __init__(self, data):
        self.data, self.grad, self.operands, self.slopes = float(data), 0.0, [], ()

    def __add__(self, other):
        return apply("add", self, other)

    def __radd__(self, other):
        return apply("add", other, self)

    def __sub__(self, other):
        return apply("sub", self, other)

    def __rsub__(self, other):
        return apply("sub", other, self)

    def __mul__(self, other):
        return apply("mul", self, other)

    def __rmul__(self, other):
        return apply("mul", other, self)

    def __truediv__(self, other):
        return apply("div", self, other)

    def __rtruediv__(self, other):
        return apply("div", other, self)

    def __neg__(self):
        return apply("neg", self)

    def __pow__(self, exponent):
        n = exponent
        return apply((lambda a: a**n, lambda a, y: (n * a ** (n - 1),)), self)

    def exp(self):
        return apply("exp", self)

    def tanh(self):
        return apply("tanh", self)

    def relu(self):
        return apply("relu", self)

    def backward(self):
        order, entered = [], {id(self)}
        path = [(self, iter(self.operands))]
        while path:
            value, rest = path[-1]
            for operand in rest:
                if id(operand) not in entered:
                    entered.add(id(operand))
                    path.append((operand, iter(operand.operands)))
                    break
            else:
                order.append(value)
                path.pop()
        up = dict.fromkeys(map(id, order), 0.0)
        up[id(self)] = 1.0
        while order:
            value = order.pop()
            value.grad += up[id(value)]
            for operand, slope in zip(value.operands, value.slopes):
                up[id(operand)] += up[id(value)] * slope
