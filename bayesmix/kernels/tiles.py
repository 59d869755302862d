"""A component and a block of rows with many features, worked in tiles of four by four.

The way to the cache is what limits this, so that each loop over rows takes as many products as its loads can serve:
sixteen for eight. Rows and columns of the whitener beyond the last whole tile go one by one.
"""

import numba as nb

from bayesmix.kernels.blocks import COMPILED
from bayesmix.kernels.log_sum_exp import weigh

TILE = 4  # features along a side


@nb.njit(**COMPILED)
def _centre(columns, start, size, mean, centred):
    """``x - mean``."""
    n_features = columns.shape[0]
    whole = n_features - n_features % TILE
    for j in range(0, whole, TILE):
        x1, x2 = columns[j, start : start + size], columns[j + 1, start : start + size]
        x3, x4 = columns[j + 2, start : start + size], columns[j + 3, start : start + size]
        c1, c2, c3, c4 = centred[j], centred[j + 1], centred[j + 2], centred[j + 3]
        m1, m2, m3, m4 = mean[j], mean[j + 1], mean[j + 2], mean[j + 3]
        for n in range(size):
            c1[n] = x1[n] - m1
            c2[n] = x2[n] - m2
            c3[n] = x3[n] - m3
            c4[n] = x4[n] - m4
    for j in range(whole, n_features):
        x1, c1, m1 = columns[j, start : start + size], centred[j], mean[j]
        for n in range(size):
            c1[n] = x1[n] - m1


@nb.njit(**COMPILED)
def _log_density(residual, offset, size, out):
    """``offset - |y|^2 / 2``."""
    n_features = residual.shape[0]
    whole = n_features - n_features % TILE
    y1, y2, y3, y4 = residual[0], residual[1], residual[2], residual[3]
    for n in range(size):
        out[n] = offset - 0.5 * (y1[n] * y1[n] + y2[n] * y2[n] + y3[n] * y3[n] + y4[n] * y4[n])
    for i in range(TILE, whole, TILE):
        y1, y2, y3, y4 = residual[i], residual[i + 1], residual[i + 2], residual[i + 3]
        for n in range(size):
            out[n] -= 0.5 * (y1[n] * y1[n] + y2[n] * y2[n] + y3[n] * y3[n] + y4[n] * y4[n])
    for i in range(whole, n_features):
        y1 = residual[i]
        for n in range(size):
            out[n] -= 0.5 * (y1[n] * y1[n])


@nb.njit(**COMPILED)
def _whiten_corner(corner, i, row, centred, y, size):
    """``y = sum over j from corner to i of row[j] centred[j]``, two terms at a time."""
    c1, a1 = centred[i], row[i]
    remainder = (i - corner) % 2
    if remainder == 1:
        c2, a2 = centred[corner], row[corner]
        for n in range(size):
            y[n] = a1 * c1[n] + a2 * c2[n]
    else:
        for n in range(size):
            y[n] = a1 * c1[n]
    for j in range(corner + remainder, i, 2):
        c1, a1, c2, a2 = centred[j], row[j], centred[j + 1], row[j + 1]
        for n in range(size):
            y[n] += a1 * c1[n] + a2 * c2[n]


@nb.njit(**COMPILED)
def _whiten_triangle(i, whitener, centred, residual, size):
    """Rows i to i + 3 of ``A c`` over columns i to i + 3."""
    c1, c2, c3, c4 = centred[i], centred[i + 1], centred[i + 2], centred[i + 3]
    y1, y2, y3, y4 = residual[i], residual[i + 1], residual[i + 2], residual[i + 3]
    row1, row2, row3, row4 = whitener[i], whitener[i + 1], whitener[i + 2], whitener[i + 3]
    a11, a21, a22, a31, a32, a33 = row1[i], row2[i], row2[i + 1], row3[i], row3[i + 1], row3[i + 2]
    a41, a42, a43, a44 = row4[i], row4[i + 1], row4[i + 2], row4[i + 3]
    for n in range(size):
        y1[n] = a11 * c1[n]
        y2[n] = a21 * c1[n] + a22 * c2[n]
        y3[n] = a31 * c1[n] + a32 * c2[n] + a33 * c3[n]
        y4[n] = a41 * c1[n] + a42 * c2[n] + a43 * c3[n] + a44 * c4[n]


@nb.njit(**COMPILED)
def _whiten_squares(i, whitener, centred, residual, size):
    """Add to rows i to i + 3 of ``A c`` all columns before i."""
    y1, y2, y3, y4 = residual[i], residual[i + 1], residual[i + 2], residual[i + 3]
    row1, row2, row3, row4 = whitener[i], whitener[i + 1], whitener[i + 2], whitener[i + 3]
    for j in range(0, i, TILE):
        c1, c2, c3, c4 = centred[j], centred[j + 1], centred[j + 2], centred[j + 3]
        a11, a12, a13, a14 = row1[j], row1[j + 1], row1[j + 2], row1[j + 3]
        a21, a22, a23, a24 = row2[j], row2[j + 1], row2[j + 2], row2[j + 3]
        a31, a32, a33, a34 = row3[j], row3[j + 1], row3[j + 2], row3[j + 3]
        a41, a42, a43, a44 = row4[j], row4[j + 1], row4[j + 2], row4[j + 3]
        for n in range(size):
            y1[n] += a11 * c1[n] + a12 * c2[n] + a13 * c3[n] + a14 * c4[n]
            y2[n] += a21 * c1[n] + a22 * c2[n] + a23 * c3[n] + a24 * c4[n]
            y3[n] += a31 * c1[n] + a32 * c2[n] + a33 * c3[n] + a34 * c4[n]
            y4[n] += a41 * c1[n] + a42 * c2[n] + a43 * c3[n] + a44 * c4[n]


@nb.njit(**COMPILED)
def log_component(columns, start, size, offset, mean, whitener, centred, residual, out):
    """``residual = A (x - mean)`` and ``out = offset - |residual|^2 / 2``."""
    n_features = columns.shape[0]
    whole = n_features - n_features % TILE
    _centre(columns, start, size, mean, centred)
    for i in range(0, whole, TILE):
        _whiten_triangle(i, whitener, centred, residual, size)
        _whiten_squares(i, whitener, centred, residual, size)
    for i in range(whole, n_features):
        y, row = residual[i], whitener[i]
        _whiten_corner(whole, i, row, centred, y, size)
        for j in range(0, whole, TILE):
            c1, c2, c3, c4 = centred[j], centred[j + 1], centred[j + 2], centred[j + 3]
            a1, a2, a3, a4 = row[j], row[j + 1], row[j + 2], row[j + 3]
            for n in range(size):
                y[n] += a1 * c1[n] + a2 * c2[n] + a3 * c3[n] + a4 * c4[n]
    _log_density(residual, offset, size, out)


@nb.njit(**COMPILED)
def _weigh(responsibility, y, size, ry):
    """``ry = r y``; returns its sum."""
    total = 0.0
    for n in range(size):
        ry[n] = responsibility[n] * y[n]
        total += ry[n]
    return total


@nb.njit(**COMPILED)
def _gather_corner(corner, i, ry, residual, size, row):
    """``row[j] += sum ry residual[j]`` for j from corner to i, two at a time."""
    for j in range(corner, i, 2):
        y1, y2 = residual[j], residual[j + 1]
        s1, s2 = 0.0, 0.0
        for n in range(size):
            s1 += ry[n] * y1[n]
            s2 += ry[n] * y2[n]
        row[j] += s1
        row[j + 1] += s2
    if (i - corner) % 2 == 0:
        y = residual[i]
        s1 = 0.0
        for n in range(size):
            s1 += ry[n] * y[n]
        row[i] += s1


@nb.njit(**COMPILED)
def _gather_triangle(i, responsibility, residual, size, weighted, first, second):
    """``r y`` of rows i to i + 3, their sums, and the sums of ``r y y'`` over columns i to i + 3."""
    y1, y2, y3, y4 = residual[i], residual[i + 1], residual[i + 2], residual[i + 3]
    r1, r2, r3, r4 = weighted[0], weighted[1], weighted[2], weighted[3]
    t1, t2, t3, t4 = 0.0, 0.0, 0.0, 0.0
    s11, s21, s22, s31, s32, s33, s41, s42, s43, s44 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for n in range(size):
        r1[n] = responsibility[n] * y1[n]
        r2[n] = responsibility[n] * y2[n]
        r3[n] = responsibility[n] * y3[n]
        r4[n] = responsibility[n] * y4[n]
        t1 += r1[n]
        t2 += r2[n]
        t3 += r3[n]
        t4 += r4[n]
        s11 += r1[n] * y1[n]
        s21 += r2[n] * y1[n]
        s22 += r2[n] * y2[n]
        s31 += r3[n] * y1[n]
        s32 += r3[n] * y2[n]
        s33 += r3[n] * y3[n]
        s41 += r4[n] * y1[n]
        s42 += r4[n] * y2[n]
        s43 += r4[n] * y3[n]
        s44 += r4[n] * y4[n]
    first[i] += t1
    first[i + 1] += t2
    first[i + 2] += t3
    first[i + 3] += t4
    second[i, i] += s11
    second[i + 1, i] += s21
    second[i + 1, i + 1] += s22
    second[i + 2, i] += s31
    second[i + 2, i + 1] += s32
    second[i + 2, i + 2] += s33
    second[i + 3, i] += s41
    second[i + 3, i + 1] += s42
    second[i + 3, i + 2] += s43
    second[i + 3, i + 3] += s44


@nb.njit(**COMPILED)
def _gather_squares(i, weighted, residual, size, second):
    """``sum r y y'`` of rows i to i + 3 and all columns before i."""
    r1, r2, r3, r4 = weighted[0], weighted[1], weighted[2], weighted[3]
    for j in range(0, i, TILE):
        y1, y2, y3, y4 = residual[j], residual[j + 1], residual[j + 2], residual[j + 3]
        s11, s12, s13, s14, s21, s22, s23, s24 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        s31, s32, s33, s34, s41, s42, s43, s44 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for n in range(size):
            s11 += r1[n] * y1[n]
            s12 += r1[n] * y2[n]
            s13 += r1[n] * y3[n]
            s14 += r1[n] * y4[n]
            s21 += r2[n] * y1[n]
            s22 += r2[n] * y2[n]
            s23 += r2[n] * y3[n]
            s24 += r2[n] * y4[n]
            s31 += r3[n] * y1[n]
            s32 += r3[n] * y2[n]
            s33 += r3[n] * y3[n]
            s34 += r3[n] * y4[n]
            s41 += r4[n] * y1[n]
            s42 += r4[n] * y2[n]
            s43 += r4[n] * y3[n]
            s44 += r4[n] * y4[n]
        second[i, j] += s11
        second[i, j + 1] += s12
        second[i, j + 2] += s13
        second[i, j + 3] += s14
        second[i + 1, j] += s21
        second[i + 1, j + 1] += s22
        second[i + 1, j + 2] += s23
        second[i + 1, j + 3] += s24
        second[i + 2, j] += s31
        second[i + 2, j + 1] += s32
        second[i + 2, j + 2] += s33
        second[i + 2, j + 3] += s34
        second[i + 3, j] += s41
        second[i + 3, j + 1] += s42
        second[i + 3, j + 2] += s43
        second[i + 3, j + 3] += s44


@nb.njit(**COMPILED)
def gather(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second):
    """Add ``sum r y`` and the lower triangle of ``sum r y y'``; return ``sum r``.

    From the residuals that :func:`log_component` left.
    """
    n_features = first.shape[0]
    count = weigh(relative, share, size)
    responsibility = relative
    whole = n_features - n_features % TILE
    for i in range(0, whole, TILE):
        _gather_triangle(i, responsibility, residual, size, weighted, first, second)
        _gather_squares(i, weighted, residual, size, second)
    ry = weighted[0]
    for i in range(whole, n_features):
        row = second[i]
        first[i] += _weigh(responsibility, residual[i], size, ry)
        _gather_corner(whole, i, ry, residual, size, row)
        for j in range(0, whole, TILE):
            y1, y2, y3, y4 = residual[j], residual[j + 1], residual[j + 2], residual[j + 3]
            s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0
            for n in range(size):
                s1 += ry[n] * y1[n]
                s2 += ry[n] * y2[n]
                s3 += ry[n] * y3[n]
                s4 += ry[n] * y4[n]
            row[j] += s1
            row[j + 1] += s2
            row[j + 2] += s3
            row[j + 3] += s4
    return count
