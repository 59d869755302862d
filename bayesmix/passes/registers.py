"""Vector registers by name, for loops that a compiler does not fill them for.

A compiler lays the rows of a simple loop into SIMD registers by itself. It does not keep a tile of sums there while the
loop goes over features, nor does it choose the tile so that the registers suffice: what does not fit goes to the cache
and back in every step, which costs most where registers are half as wide. With :class:`Code` the body of an intrinsic
writes such a loop, in LLVM's intermediate language.
"""

from contextlib import contextmanager

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target

# What the processor can do for which Numba compiles; its cache on disk keeps a version for each such text.
_FEATURES = cpu_target.target_context.codegen().magic_tuple()[2]  # pyright: ignore[reportAttributeAccessIssue]: made when first read
# Doubles in a register, and whether there are 32 registers or 16. (arm64 has 32 of two doubles, 16 pairs.)
WIDTH, MANY = (8, True) if "+avx512f" in _FEATURES else (4, False)

_DOUBLE = ir.DoubleType()
_LANE = ir.IntType(32)
_FUSED = ("contract",)  # a product and a sum may become one instruction
_ANY_ORDER = ("reassoc", "nsz")


class Code:
    """The code of one intrinsic, written line by line.

    ``width`` is everywhere the number of doubles that are worked on at once. Arrays are those among the intrinsic's
    arguments, by position; their last axis is contiguous wherever more than one double is read or written.
    """

    def __init__(self, context, builder, signature, arguments):
        self._context, self._builder = context, builder
        self._kinds, self._arguments = signature.args, arguments
        self._index = context.get_value_type(types.intp)

    def number(self, position):
        """An argument that is no array."""
        return self._arguments[position]

    def plus(self, index, distance):
        """An index so much further on."""
        return self._builder.add(index, ir.Constant(self._index, distance))

    def place(self, array, *indices):
        """The address of an element."""
        kind = self._kinds[array]
        made = self._context.make_array(kind)(self._context, self._builder, self._arguments[array])
        shape = cgutils.unpack_tuple(self._builder, made.shape, kind.ndim)
        strides = cgutils.unpack_tuple(self._builder, made.strides, kind.ndim)
        indices = [ir.Constant(self._index, index) if isinstance(index, int) else index for index in indices]
        return cgutils.get_item_pointer2(self._context, self._builder, made.data, shape, strides, kind.layout, indices)

    @contextmanager
    def loop(self, end, step=1):
        """``for index in range(0, end, step)``; yields the index."""
        first, step = ir.Constant(self._index, 0), ir.Constant(self._index, step)
        with cgutils.for_range_slice(self._builder, first, end, step, self._index) as (index, _):
            yield index

    def sums(self, width):
        """Zeros that a loop adds to, in registers."""
        return cgutils.alloca_once_value(self._builder, ir.Constant(ir.VectorType(_DOUBLE, width), [0.0] * width))

    def value(self, sums):
        """What has been added up so far."""
        return self._builder.load(sums)

    def load(self, place, width):
        """The doubles from an address on."""
        return self._builder.load(self._builder.bitcast(place, ir.VectorType(_DOUBLE, width).as_pointer()), align=8)

    def store(self, values, place):
        """Write doubles from an address on."""
        self._builder.store(values, self._builder.bitcast(place, values.type.as_pointer()), align=8)

    def repeat(self, place, width):
        """The double at an address, ``width`` times."""
        nothing = ir.Constant(ir.VectorType(_DOUBLE, width), ir.Undefined)
        first = self._builder.insert_element(nothing, self._builder.load(place), ir.Constant(_LANE, 0))
        everywhere = ir.Constant(ir.VectorType(_LANE, width), [0] * width)
        return self._builder.shuffle_vector(first, nothing, everywhere)

    def constant(self, value, width):
        """One number, ``width`` times."""
        return ir.Constant(ir.VectorType(_DOUBLE, width), [value] * width)

    def product(self, one, other):
        """``one * other``."""
        return self._builder.fmul(one, other, flags=_FUSED)

    def total(self, one, other):
        """``one + other``."""
        return self._builder.fadd(one, other, flags=_FUSED)

    def add(self, sums, values):
        """``sums += values``."""
        self._builder.store(self.total(self.value(sums), values), sums)

    def add_product(self, sums, one, other):
        """``sums += one * other``."""
        self.add(sums, self.product(one, other))

    def add_lanes(self, sums, place):
        """Add all that has been added up, in all lanes, to the double at an address."""
        values = self.value(sums)
        kind = ir.FunctionType(_DOUBLE, [_DOUBLE, values.type])
        name = f"llvm.vector.reduce.fadd.v{values.type.count}f64"
        reduce = cgutils.get_or_insert_function(self._builder.module, kind, name)
        lanes = self._builder.call(reduce, [ir.Constant(_DOUBLE, 0.0), values], fastmath=_ANY_ORDER)
        self._builder.store(self._builder.fadd(self._builder.load(place), lanes), place)

    def done(self):
        """What an intrinsic gives back that returns nothing."""
        return self._context.get_dummy_value()
