# mistake: The operands are kept in a set and the derivative is looked up by operand, so x * x counts once.
# bug: operands_as_set
# line: 35
import math


class Value:
    def __init__(self, data):
        self.data = float(data)
        self.grad = 0.0
        self._prev = ()
        self._backward = lambda: None

    def _out(self, data, prev, backward=None):
        out = Value(data)
        out._prev = prev
        if backward:
            out._backward = lambda: backward(out)
        return out

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)

        def backward(out):
            self.tmp += out.tmp
            other.tmp += out.tmp

        return self._out(self.data + other.data, (self, other), backward)

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        a, b = self.data, other.data

        def backward(out):
            for v, slope in {self: b, other: a}.items():
                v.tmp += slope * out.tmp

        return self._out(a * b, (self, other), backward)

    def __pow__(self, exponent):
        slope = exponent * self.data ** (exponent - 1)

        def backward(out):
            self.tmp += slope * out.tmp

        return self._out(self.data**exponent, (self,), backward)

    def exp(self):
        e = math.exp(self.data)

        def backward(out):
            self.tmp += e * out.tmp

        return self._out(e, (self,), backward)

    def tanh(self):
        t = math.tanh(self.data)

        def backward(out):
            self.tmp += (1 - t * t) * out.tmp

        return self._out(t, (self,), backward)

    def relu(self):
        on = self.data > 0

        def backward(out):
            self.tmp += on * out.tmp

        return self._out(self.data * on if on else 0.0, (self,), backward)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * (other if isinstance(other, Value) else Value(other)) ** -1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    def backward(self):
        topo, visited, stack = [], set(), [(self, False)]
        while stack:
            v, done = stack.pop()
            if done:
                topo.append(v)
            elif v not in visited:
                visited.add(v)
                stack.append((v, True))
                stack.extend((p, False) for p in v._prev)
        for v in topo:
            v.tmp = 0.0
        self.tmp = 1.0
        for v in reversed(topo):
            v._backward()
        for v in topo:
            v.grad += v.tmp
