"""Exponential and logarithm in branch-free arithmetic, so that loops over rows vectorise.

A call into the C library's ``exp`` stops the compiler from using SIMD registers; these few multiplications
and additions do not. Both are accurate to about one unit in the last place on the ranges used here.
"""

import numba as nb
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

# Flags for the row loops: sums may be reordered (lane by lane) and multiply-adds fused. Infinities and NaN keep
# their meaning. The block size and the machine fix the order, so the same input gives the same bits.
ROW_LOOP = {"reassoc", "contract", "nsz", "arcp"}


@intrinsic
def _bits(typingctx, value):
    """The 64 bits of a float as an integer."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@intrinsic
def _from_bits(typingctx, value):
    """The float whose 64 bits are the integer's."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


_ROUNDER = 1.5 * 2.0**52  # adding it leaves the nearest integer in the low bits of the sum
_INVERSE_LN2 = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.6931471805598903, 5.497923018708371e-14  # 42 bits and the rest: n * high is exact
_EXP_FLOOR = -708.0  # exp of less is below the smallest normal number


@nb.njit(fastmath={"contract"}, forceinline=True)
def exp_of_nonpositive(x):
    """``exp(x)`` for ``x <= 0``; zero below -708 (and for NaN).

    ``x = n ln 2 + r`` with ``|r| <= ln(2)/2``; ``exp(r)`` is the minimax polynomial of degree 11 (error
    3e-18), and ``2^n`` is added into the exponent bits.
    """
    clipped = x if x > _EXP_FLOOR else _EXP_FLOOR
    shifted = clipped * _INVERSE_LN2 + _ROUNDER
    n = shifted - _ROUNDER
    r = (clipped - n * _LN2_HIGH) - n * _LN2_LOW
    p = 2.5110049204818658e-08
    p = p * r + 2.763265472252779e-07
    p = p * r + 2.755724088722987e-06
    p = p * r + 2.4801485441561313e-05
    p = p * r + 0.00019841269890076403
    p = p * r + 0.0013888888952352863
    p = p * r + 0.008333333333319589
    p = p * r + 0.04166666666648795
    p = p * r + 0.1666666666666668
    p = p * r + 0.5000000000000019
    p = p * r + 1.0
    p = p * r + 1.0
    scaled = _from_bits(_bits(p) + (_bits(shifted) << 52))  # pyright: ignore[reportCallIssue]: an intrinsic is called without its first argument
    return scaled if x > _EXP_FLOOR else 0.0


_MANTISSA_SHIFT = 0x3FE6A09E667F3BCD  # bits of sqrt(1/2): below it a mantissa counts to the next lower power


@nb.njit(fastmath={"contract"}, forceinline=True)
def log_of_normal(x):
    """``log(x)`` for a positive, normal ``x``.

    ``x = 2^n m`` with ``m`` in ``[sqrt(1/2), sqrt(2))``; with ``f = (m - 1)/(m + 1)``,
    ``log m = 2 atanh f = f (2 + s P(s))`` for ``s = f^2``, ``P`` minimax of degree 6 (error of ``s P`` below 1e-17).
    """
    bits = _bits(x) - _MANTISSA_SHIFT  # pyright: ignore[reportCallIssue]: an intrinsic is called without its first argument
    n = bits >> 52
    m = _from_bits((bits & 0xFFFFFFFFFFFFF) + _MANTISSA_SHIFT)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    p = 0.14617807153462828
    p = p * s + 0.15331611722050653
    p = p * s + 0.18182892432537032
    p = p * s + 0.22222211089379493
    p = p * s + 0.28571428626253836
    p = p * s + 0.3999999999989889
    p = p * s + 0.666666666666667
    return n * 0.6931471805599453 + (f * (s * p) + 2.0 * f)


_BEYOND = 1e16  # one more does not change it


@nb.njit(fastmath={"contract"}, forceinline=True)
def log1p_of_nonnegative(x):
    """``log(1 + x)`` for ``x >= 0``, however small; about 709.8 for infinity, NaN for NaN.

    What the sum with one loses is added to first order: ``log(1 + x) = log v + (x - (v - 1)) / v`` for ``v = 1 + x``
    as rounded.
    """
    v = 1.0 + x
    lost = (x - (v - 1.0)) / v
    return log_of_normal(v) + (0.0 if x > _BEYOND else lost)
