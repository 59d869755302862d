"""A component and a block of rows with many features, worked in tiles of features that stay in registers.

Whitening keeps a tile of residuals (some features, two registers of rows) in registers while it goes over the features
before them: twelve sums for two loads of rows and six numbers of the whitener, as fast as a processor multiplies and
adds. Second moments keep a tile of sums (some features by some features) in registers while they go over the rows.
Features are dealt evenly over as few tiles as hold them, so that no tile is left with a single feature.
"""

from typing import Any

import numba as nb
from numba.core import types
from numba.extending import intrinsic

from bayesmix.passes.blocks import COMPILED
from bayesmix.passes.log_sum_exp import weigh
from bayesmix.passes.registers import MANY, WIDTH, Code

_ROWS = 2 * WIDTH  # of a tile of residuals
_TALLEST = 6  # features of a tile of residuals: 12 sums, 2 loads and 1 number of the whitener in 16 registers
# Features of a tile of second moments: 9 sums and 6 loads in 16 registers (12 would make the processor wait for the
# cache), or 12 and 7 in 32. Four features weighted at once have 14 sums.
HIGHEST, _WIDEST = (4, 3) if MANY else (3, 3)


def _whitening(height) -> Any:
    """An intrinsic that whitens ``height`` features of some rows."""

    @intrinsic
    def whiten(typing, whitener, centred, residual, i, n, out):
        def generate(context, builder, signature, arguments):
            code = Code(context, builder, signature, arguments)
            whitener, centred, residual, out = 0, 1, 2, 5
            i, n = code.number(3), code.number(4)
            rows = [code.plus(i, r) for r in range(height)]
            sums = [code.sums(_ROWS) for _ in rows]
            with code.loop(i) as j:
                c = code.load(code.place(centred, j, n), _ROWS)
                for row, y in zip(rows, sums, strict=True):
                    code.add_product(y, code.repeat(code.place(whitener, row, j), _ROWS), c)
            for j in range(height):
                c = code.load(code.place(centred, rows[j], n), _ROWS)
                for row, y in zip(rows[j:], sums[j:], strict=True):
                    code.add_product(y, code.repeat(code.place(whitener, row, rows[j]), _ROWS), c)
            squares = code.sums(_ROWS)
            for row, y in zip(rows, map(code.value, sums), strict=True):
                code.store(y, code.place(residual, row, n))
                code.add_product(squares, y, y)
            place = code.place(out, n)
            less = code.product(code.value(squares), code.constant(-0.5, _ROWS))
            code.store(code.total(code.load(place, _ROWS), less), place)
            return code.done()

        return types.void(whitener, centred, residual, i, n, out), generate

    return whiten


def _moments_of_own(height) -> Any:
    """An intrinsic that weights ``height`` features and sums them, and their products with each other, over rows."""

    @intrinsic
    def gather(typing, responsibility, residual, i, size, weighted, first, second):
        def generate(context, builder, signature, arguments):
            code = Code(context, builder, signature, arguments)
            responsibility, residual, weighted, first, second = 0, 1, 4, 5, 6
            rows = [code.plus(code.number(2), r) for r in range(height)]
            of_one = [code.sums(WIDTH) for _ in rows]
            of_two = {(r, s): code.sums(WIDTH) for r in range(height) for s in range(r + 1)}
            with code.loop(code.number(3), WIDTH) as n:
                share = code.load(code.place(responsibility, n), WIDTH)
                y = [code.load(code.place(residual, row, n), WIDTH) for row in rows]
                for r in range(height):
                    ry = code.product(share, y[r])
                    code.store(ry, code.place(weighted, r, n))
                    code.add(of_one[r], ry)
                    for s in range(r + 1):
                        code.add_product(of_two[r, s], ry, y[s])
            for r, sums in enumerate(of_one):
                code.add_lanes(sums, code.place(first, rows[r]))
            for (r, s), sums in of_two.items():
                code.add_lanes(sums, code.place(second, rows[r], rows[s]))
            return code.done()

        return types.void(responsibility, residual, i, size, weighted, first, second), generate

    return gather


def _moments_with_others(height, width) -> Any:
    """An intrinsic that sums the products of ``height`` weighted features with ``width`` others over rows."""

    @intrinsic
    def gather(typing, weighted, residual, i, j, size, second):
        def generate(context, builder, signature, arguments):
            code = Code(context, builder, signature, arguments)
            weighted, residual, second = 0, 1, 5
            rows = [code.plus(code.number(2), r) for r in range(height)]
            columns = [code.plus(code.number(3), s) for s in range(width)]
            of_two = {(r, s): code.sums(WIDTH) for r in range(height) for s in range(width)}
            with code.loop(code.number(4), WIDTH) as n:
                ry = [code.load(code.place(weighted, r, n), WIDTH) for r in range(height)]
                y = [code.load(code.place(residual, column, n), WIDTH) for column in columns]
                for (r, s), sums in of_two.items():
                    code.add_product(sums, ry[r], y[s])
            for (r, s), sums in of_two.items():
                code.add_lanes(sums, code.place(second, rows[r], columns[s]))
            return code.done()

        return types.void(weighted, residual, i, j, size, second), generate

    return gather


# An intrinsic for each shape that dealing five features or more can lead to.
_whiten_3, _whiten_4, _whiten_5, _whiten_6 = (_whitening(height) for height in (3, 4, 5, 6))
_own_2, _own_3, _own_4 = (_moments_of_own(height) for height in (2, 3, 4))
_others_22, _others_23 = (_moments_with_others(2, width) for width in (2, 3))
_others_32, _others_33 = (_moments_with_others(3, width) for width in (2, 3))
_others_42, _others_43 = (_moments_with_others(4, width) for width in (2, 3))


@nb.njit(**COMPILED)
def _whole(size):
    """Rows of a block with those that fill its last tile."""
    return (size + _ROWS - 1) // _ROWS * _ROWS


@nb.njit(**COMPILED)
def _dealt(tile, n_tiles, n_features):
    """Features of a tile when all are dealt evenly, the first tiles having one more."""
    return n_features // n_tiles + (1 if tile < n_features % n_tiles else 0)


@nb.njit(**COMPILED)
def _centre(columns, start, size, mean, centred):
    """``x - mean``, and zeros in the rows that fill the last tile."""
    for j in range(columns.shape[0]):
        x, c, m = columns[j, start : start + size], centred[j], mean[j]
        for n in range(size):
            c[n] = x[n] - m
        for n in range(size, _whole(size)):
            c[n] = 0.0


@nb.njit(**COMPILED)
def log_component(columns, start, size, offset, mean, whitener, centred, residual, out):
    """``residual = A (x - mean)`` and ``out = offset - |residual|^2 / 2``.

    ``out``, as every array of a block, has room for a whole one: what is written beyond ``size`` means nothing.
    """
    n_features, rows = columns.shape[0], _whole(size)
    _centre(columns, start, size, mean, centred)
    for n in range(rows):
        out[n] = offset
    n_tiles = (n_features + _TALLEST - 1) // _TALLEST
    i = 0
    for tile in range(n_tiles):
        height = _dealt(tile, n_tiles, n_features)
        for n in range(0, rows, _ROWS):
            if height == 3:
                _whiten_3(whitener, centred, residual, i, n, out)
            elif height == 4:
                _whiten_4(whitener, centred, residual, i, n, out)
            elif height == 5:
                _whiten_5(whitener, centred, residual, i, n, out)
            else:
                _whiten_6(whitener, centred, residual, i, n, out)
        i += height


@nb.njit(**COMPILED)
def _gather_own(height, responsibility, residual, i, rows, weighted, first, second):
    """``r y`` of a tile's features, their sums, and the sums of ``r y y'`` among them."""
    if height == 2:
        _own_2(responsibility, residual, i, rows, weighted, first, second)
    elif height == 3:
        _own_3(responsibility, residual, i, rows, weighted, first, second)
    else:
        _own_4(responsibility, residual, i, rows, weighted, first, second)


@nb.njit(**COMPILED)
def _gather_others(height, width, weighted, residual, i, j, rows, second):
    """``sum r y y'`` of a tile's features with features before them."""
    if height == 2 and width == 2:
        _others_22(weighted, residual, i, j, rows, second)
    elif height == 2:
        _others_23(weighted, residual, i, j, rows, second)
    elif height == 3 and width == 2:
        _others_32(weighted, residual, i, j, rows, second)
    elif height == 3:
        _others_33(weighted, residual, i, j, rows, second)
    elif width == 2:
        _others_42(weighted, residual, i, j, rows, second)
    else:
        _others_43(weighted, residual, i, j, rows, second)


@nb.njit(**COMPILED)
def gather(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second):
    """Add ``sum r y`` and the lower triangle of ``sum r y y'``; return ``sum r``.

    From the residuals that :func:`log_component` left.
    """
    n_features, rows = first.shape[0], _whole(size)
    count = weigh(relative, share, size)
    responsibility = relative
    for n in range(size, rows):
        responsibility[n] = 0.0
    n_tiles = (n_features + HIGHEST - 1) // HIGHEST
    i = 0
    for tile in range(n_tiles):
        height = _dealt(tile, n_tiles, n_features)
        _gather_own(height, responsibility, residual, i, rows, weighted, first, second)
        n_others = (i + _WIDEST - 1) // _WIDEST
        j = 0
        for other in range(n_others):
            width = _dealt(other, n_others, i)
            _gather_others(height, width, weighted, residual, i, j, rows, second)
            j += width
        i += height
    return count
