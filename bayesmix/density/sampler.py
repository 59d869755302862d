"""How a C function finds its arrays: the sampler hands it one address, of eleven integers."""

import numba as nb
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

# int64 log_density(uint64 n, double *z, double *gradient, double *value, void *user)
LOG_DENSITY = types.int64(
    types.uint64,
    types.CPointer(types.float64),
    types.CPointer(types.float64),
    types.CPointer(types.float64),
    types.voidptr,
)
# int64 expand(uint64 n, uint64 m, double *z, double *out, void *user)
EXPAND = types.int64(
    types.uint64, types.uint64, types.CPointer(types.float64), types.CPointer(types.float64), types.voidptr
)
RECOVERABLE = 1  # the sampler takes it as a divergence

# What stands at the address, as int64
N_ROWS, N_FEATURES, N_COMPONENTS, N_BLOCKS, N_NUMBERS, COLUMNS, NUMBERS, CENTRE, TRANSFORM = range(9)
N_WEIGHTS, ROW_WEIGHTS = 9, 10
N_ENTRIES = 11


@intrinsic
def pointer_to_integers(typingctx, address):
    """A void pointer as a pointer to int64."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(64).as_pointer())

    return types.CPointer(types.int64)(types.voidptr), codegen


@intrinsic
def pointer_to_floats(typingctx, address):
    """An integer as a pointer to float64."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], ir.DoubleType().as_pointer())

    return types.CPointer(types.float64)(types.int64), codegen


@intrinsic
def _call(typingctx, address, n, z, gradient, value, user):
    """Call the C function at an address: :data:`LOG_DENSITY`, all pointers being integers."""
    integer = ir.IntType(64)

    def codegen(context, builder, signature, args):
        function = ir.FunctionType(integer, [integer] * 5)
        return builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])

    return types.int64(*[types.int64] * 6), codegen


@nb.njit(nogil=True, cache=True)
def call_repeatedly(address, z, slope, values, entries):
    """Fill ``values`` (n,) with the log densities at ``z`` (n, size); ``slope`` (size,) is overwritten each time."""
    n_points, size = z.shape
    point, value = z.ctypes.data, values.ctypes.data
    for i in range(n_points):
        where = point + 8 * size * i
        # an intrinsic is called without its first argument
        _call(address, size, where, slope.ctypes.data, value + 8 * i, entries.ctypes.data)  # pyright: ignore[reportCallIssue]
