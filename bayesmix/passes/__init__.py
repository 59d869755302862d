"""One pass over the rows: log-likelihood and whitened sufficient statistics together.

A component is given in *standard form*: ``log f_k(x) = offset_k - |A_k (x - mean_k)|^2 / 2``, where the
whitener ``A_k`` is the inverse of a Cholesky factor (:mod:`bayesmix.passes.dense`) or a vector of inverse
standard deviations (:mod:`bayesmix.passes.axis`) and the offset holds the log weight, the log determinant
and the constant. Both modules offer the same functions:

``accumulate``
    log-likelihood and, weighted by the responsibilities, the sums of ``y = A_k (x - mean_k)``, of ``y y'``
    (``y^2`` for ``axis``) and of one. Nothing of size N x K survives the pass.
``log_joint``
    ``log w_k + log f_k(x_i)`` for every parameter draw, row and component.
``log_mixture``
    ``log sum_k w_k f_k(x_i)`` for every parameter draw and row.
``responsibilities``
    ``w_k f_k(x_i) / sum_j w_j f_j(x_i)`` for every component, row and parameter draw.
``group_sums``
    their sums over groups of rows, without keeping them.

The statistics are measured from each component's own mean in units of its own spread, so that a sum of
squares never cancels and a covariance of condition 1e12 stays positive definite. :mod:`bayesmix.passes.reference`
is the slow, obvious twin.
"""
