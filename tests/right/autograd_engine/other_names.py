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
    operands = [o if isinstance(o, Value) else Value(o) for o in operands]
    forward, slopes = RULES[rule] if isinstance(rule, str) else rule
    numbers = [o.data for o in operands]
    out = Value(forward(*numbers))
    out.operands, out.slopes = operands, slopes(*numbers, out.data)
    return out


class Value:
    """Operands by names of its own: an operator hands them over by position."""

    __slots__ = ("data", "grad", "operands", "slopes")

    def __init__(self, data):
        self.data, self.grad, self.operands, self.slopes = float(data), 0.0, [], ()

    def __add__(self, x):
        return apply("add", self, x)

    def __radd__(self, x):
        return apply("add", x, self)

    def __sub__(a, b):
        return apply("sub", a, b)

    def __rsub__(self, x):
        return apply("sub", x, self)

    def __mul__(self, x):
        return apply("mul", self, x)

    def __rmul__(self, x):
        return apply("mul", x, self)

    def __truediv__(self, x):
        return apply("div", self, x)

    def __rtruediv__(self, x):
        return apply("div", x, self)

    def __neg__(self):
        return apply("neg", self)

    def __pow__(self, n):
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
