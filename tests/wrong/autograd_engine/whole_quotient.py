# mistake: Two ints are divided as whole numbers.
# bug: whole_quotient
# line: 62
import math


class Value:
    """Each result keeps a function that pushes its derivative back; the pending ones live outside .grad."""

    def __init__(self, data, sources=(), push=None):
        self.data, self.grad = data, 0.0
        self._sources, self._push, self._pending = tuple(sources), push, 0.0

    @staticmethod
    def _of(x):
        return x if isinstance(x, Value) else Value(x)

    def __add__(self, other):
        other = Value._of(other)

        def push(up):
            self._pending += up
            other._pending += up

        return Value(self.data + other.data, (self, other), push)

    __radd__ = __add__

    def __mul__(self, other):
        other = Value._of(other)
        a, b = self.data, other.data

        def push(up):
            self._pending += b * up
            other._pending += a * up

        return Value(a * b, (self, other), push)

    __rmul__ = __mul__

    def _unary(self, data, slope):
        def push(up):
            self._pending += slope * up

        return Value(data, (self,), push)

    def __neg__(self):
        return self._unary(-self.data, -1.0)

    def __sub__(self, other):
        return self + (-Value._of(other))

    def __rsub__(self, other):
        return (-self) + other

    def __pow__(self, exponent):
        return self._unary(self.data**exponent, exponent * self.data ** (exponent - 1))

    def __truediv__(self, other):
        other = Value._of(other)
        exact = isinstance(self.data, float) or isinstance(other.data, float)
        y = self.data / other.data if exact else self.data // other.data

        def push(up):
            self._pending += up / other.data
            other._pending -= up * y / other.data

        return Value(y, (self, other), push)

    def __rtruediv__(self, other):
        return Value._of(other) / self

    def exp(self):
        return self._unary(math.exp(self.data), math.exp(self.data))

    def tanh(self):
        return self._unary(math.tanh(self.data), 1 / math.cosh(min(abs(self.data), 300)) ** 2)

    def relu(self):
        return self._unary(max(0.0, self.data), 1.0 if self.data > 0 else 0.0)

    def backward(self):
        uses, todo = {self: 0}, [self]
        while todo:
            for source in todo.pop()._sources:
                if source not in uses:
                    uses[source] = 0
                    todo.append(source)
                uses[source] += 1
        # Kahn: a value is ready once all that use it have pushed.
        self._pending, ready = 1.0, [self]
        while ready:
            value = ready.pop()
            up, value._pending = value._pending, 0.0
            value.grad += up
            if value._push:
                value._push(up)
            for source in value._sources:
                uses[source] -= 1
                if not uses[source]:
                    ready.append(source)
