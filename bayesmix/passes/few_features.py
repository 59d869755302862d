"""A component and a block of rows with one to four features, worked in registers.

``y = A (x - mean)`` is computed twice, once for the log density and once for the sums, because for so few features that
is faster than storing it, and written out because only then nothing is stored. Every array that a loop reads begins at
index zero: with ``start + n`` for an index the compiler must allow for negative ones, and fetches lane by lane.
"""

import numba as nb

from bayesmix.passes.blocks import COMPILED

MOST = 4  # features


@nb.njit(**COMPILED)
def _log_component_of_one(columns, start, mean, whitener, offset, size, out):
    x1 = columns[0, start : start + size]
    m1 = mean[0]
    a11 = whitener[0, 0]
    for n in range(size):
        c1 = x1[n] - m1
        y1 = a11 * c1
        out[n] = offset - 0.5 * (y1 * y1)


@nb.njit(**COMPILED)
def _log_component_of_two(columns, start, mean, whitener, offset, size, out):
    x1, x2 = columns[0, start : start + size], columns[1, start : start + size]
    m1, m2 = mean[0], mean[1]
    a11 = whitener[0, 0]
    a21, a22 = whitener[1, 0], whitener[1, 1]
    for n in range(size):
        c1, c2 = x1[n] - m1, x2[n] - m2
        y1 = a11 * c1
        y2 = a21 * c1 + a22 * c2
        out[n] = offset - 0.5 * (y1 * y1 + y2 * y2)


@nb.njit(**COMPILED)
def _log_component_of_three(columns, start, mean, whitener, offset, size, out):
    x1, x2, x3 = columns[0, start : start + size], columns[1, start : start + size], columns[2, start : start + size]
    m1, m2, m3 = mean[0], mean[1], mean[2]
    a11 = whitener[0, 0]
    a21, a22 = whitener[1, 0], whitener[1, 1]
    a31, a32, a33 = whitener[2, 0], whitener[2, 1], whitener[2, 2]
    for n in range(size):
        c1, c2, c3 = x1[n] - m1, x2[n] - m2, x3[n] - m3
        y1 = a11 * c1
        y2 = a21 * c1 + a22 * c2
        y3 = a31 * c1 + a32 * c2 + a33 * c3
        out[n] = offset - 0.5 * (y1 * y1 + y2 * y2 + y3 * y3)


@nb.njit(**COMPILED)
def _log_component_of_four(columns, start, mean, whitener, offset, size, out):
    x1, x2, x3, x4 = (
        columns[0, start : start + size],
        columns[1, start : start + size],
        columns[2, start : start + size],
        columns[3, start : start + size],
    )
    m1, m2, m3, m4 = mean[0], mean[1], mean[2], mean[3]
    a11 = whitener[0, 0]
    a21, a22 = whitener[1, 0], whitener[1, 1]
    a31, a32, a33 = whitener[2, 0], whitener[2, 1], whitener[2, 2]
    a41, a42, a43, a44 = whitener[3, 0], whitener[3, 1], whitener[3, 2], whitener[3, 3]
    for n in range(size):
        c1, c2, c3, c4 = x1[n] - m1, x2[n] - m2, x3[n] - m3, x4[n] - m4
        y1 = a11 * c1
        y2 = a21 * c1 + a22 * c2
        y3 = a31 * c1 + a32 * c2 + a33 * c3
        y4 = a41 * c1 + a42 * c2 + a43 * c3 + a44 * c4
        out[n] = offset - 0.5 * (y1 * y1 + y2 * y2 + y3 * y3 + y4 * y4)


@nb.njit(**COMPILED)
def _gather_of_one(columns, start, mean, whitener, relative, share, size, first, second):
    x1 = columns[0, start : start + size]
    m1 = mean[0]
    a11 = whitener[0, 0]
    count = 0.0
    t1 = 0.0
    s11 = 0.0
    for n in range(size):
        c1 = x1[n] - m1
        y1 = a11 * c1
        r = relative[n] * share[n]
        count += r
        r1 = r * y1
        t1 += r1
        s11 += r1 * y1
    first[0] += t1
    second[0, 0] += s11
    return count


@nb.njit(**COMPILED)
def _gather_of_two(columns, start, mean, whitener, relative, share, size, first, second):
    x1, x2 = columns[0, start : start + size], columns[1, start : start + size]
    m1, m2 = mean[0], mean[1]
    a11 = whitener[0, 0]
    a21, a22 = whitener[1, 0], whitener[1, 1]
    count = 0.0
    t1, t2 = 0.0, 0.0
    s11 = 0.0
    s21, s22 = 0.0, 0.0
    for n in range(size):
        c1, c2 = x1[n] - m1, x2[n] - m2
        y1 = a11 * c1
        y2 = a21 * c1 + a22 * c2
        r = relative[n] * share[n]
        count += r
        r1 = r * y1
        r2 = r * y2
        t1 += r1
        s11 += r1 * y1
        t2 += r2
        s21 += r2 * y1
        s22 += r2 * y2
    first[0] += t1
    second[0, 0] += s11
    first[1] += t2
    second[1, 0] += s21
    second[1, 1] += s22
    return count


@nb.njit(**COMPILED)
def _gather_of_three(columns, start, mean, whitener, relative, share, size, first, second):
    x1, x2, x3 = columns[0, start : start + size], columns[1, start : start + size], columns[2, start : start + size]
    m1, m2, m3 = mean[0], mean[1], mean[2]
    a11 = whitener[0, 0]
    a21, a22 = whitener[1, 0], whitener[1, 1]
    a31, a32, a33 = whitener[2, 0], whitener[2, 1], whitener[2, 2]
    count = 0.0
    t1, t2, t3 = 0.0, 0.0, 0.0
    s11 = 0.0
    s21, s22 = 0.0, 0.0
    s31, s32, s33 = 0.0, 0.0, 0.0
    for n in range(size):
        c1, c2, c3 = x1[n] - m1, x2[n] - m2, x3[n] - m3
        y1 = a11 * c1
        y2 = a21 * c1 + a22 * c2
        y3 = a31 * c1 + a32 * c2 + a33 * c3
        r = relative[n] * share[n]
        count += r
        r1 = r * y1
        r2 = r * y2
        r3 = r * y3
        t1 += r1
        s11 += r1 * y1
        t2 += r2
        s21 += r2 * y1
        s22 += r2 * y2
        t3 += r3
        s31 += r3 * y1
        s32 += r3 * y2
        s33 += r3 * y3
    first[0] += t1
    second[0, 0] += s11
    first[1] += t2
    second[1, 0] += s21
    second[1, 1] += s22
    first[2] += t3
    second[2, 0] += s31
    second[2, 1] += s32
    second[2, 2] += s33
    return count


@nb.njit(**COMPILED)
def _gather_of_four(columns, start, mean, whitener, relative, share, size, first, second):
    x1, x2, x3, x4 = (
        columns[0, start : start + size],
        columns[1, start : start + size],
        columns[2, start : start + size],
        columns[3, start : start + size],
    )
    m1, m2, m3, m4 = mean[0], mean[1], mean[2], mean[3]
    a11 = whitener[0, 0]
    a21, a22 = whitener[1, 0], whitener[1, 1]
    a31, a32, a33 = whitener[2, 0], whitener[2, 1], whitener[2, 2]
    a41, a42, a43, a44 = whitener[3, 0], whitener[3, 1], whitener[3, 2], whitener[3, 3]
    count = 0.0
    t1, t2, t3, t4 = 0.0, 0.0, 0.0, 0.0
    s11 = 0.0
    s21, s22 = 0.0, 0.0
    s31, s32, s33 = 0.0, 0.0, 0.0
    s41, s42, s43, s44 = 0.0, 0.0, 0.0, 0.0
    for n in range(size):
        c1, c2, c3, c4 = x1[n] - m1, x2[n] - m2, x3[n] - m3, x4[n] - m4
        y1 = a11 * c1
        y2 = a21 * c1 + a22 * c2
        y3 = a31 * c1 + a32 * c2 + a33 * c3
        y4 = a41 * c1 + a42 * c2 + a43 * c3 + a44 * c4
        r = relative[n] * share[n]
        count += r
        r1 = r * y1
        r2 = r * y2
        r3 = r * y3
        r4 = r * y4
        t1 += r1
        s11 += r1 * y1
        t2 += r2
        s21 += r2 * y1
        s22 += r2 * y2
        t3 += r3
        s31 += r3 * y1
        s32 += r3 * y2
        s33 += r3 * y3
        t4 += r4
        s41 += r4 * y1
        s42 += r4 * y2
        s43 += r4 * y3
        s44 += r4 * y4
    first[0] += t1
    second[0, 0] += s11
    first[1] += t2
    second[1, 0] += s21
    second[1, 1] += s22
    first[2] += t3
    second[2, 0] += s31
    second[2, 1] += s32
    second[2, 2] += s33
    first[3] += t4
    second[3, 0] += s41
    second[3, 1] += s42
    second[3, 2] += s43
    second[3, 3] += s44
    return count


@nb.njit(**COMPILED)
def log_component(columns, start, size, offset, mean, whitener, centred, residual, out):
    """``out = offset - |A (x - mean)|^2 / 2``; the buffers are not needed."""
    n_features = columns.shape[0]
    if n_features == 1:
        _log_component_of_one(columns, start, mean, whitener, offset, size, out)
    elif n_features == 2:
        _log_component_of_two(columns, start, mean, whitener, offset, size, out)
    elif n_features == 3:
        _log_component_of_three(columns, start, mean, whitener, offset, size, out)
    else:
        _log_component_of_four(columns, start, mean, whitener, offset, size, out)


@nb.njit(**COMPILED)
def gather(columns, start, size, mean, whitener, relative, share, residual, weighted, first, second):
    """Add ``sum r y`` and the lower triangle of ``sum r y y'``; return ``sum r``. The buffers are not needed."""
    n_features = columns.shape[0]
    if n_features == 1:
        return _gather_of_one(columns, start, mean, whitener, relative, share, size, first, second)
    elif n_features == 2:
        return _gather_of_two(columns, start, mean, whitener, relative, share, size, first, second)
    elif n_features == 3:
        return _gather_of_three(columns, start, mean, whitener, relative, share, size, first, second)
    else:
        return _gather_of_four(columns, start, mean, whitener, relative, share, size, first, second)
