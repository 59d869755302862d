"""The log posterior density with its gradient, compiled: one module for each geometry and prior.

Every module offers

``log_posterior(q, gradient, columns, n_components, n_blocks, numbers, jacobian)``
    log posterior density of the flat unconstrained vector ``q``; fills ``gradient``. ``jacobian`` is 1 for the
    density of ``q`` itself, and 0 for the density in the constrained variables (what MAP maximises).
``sampler_function``
    the first, as a C function that a sampler calls without Python.

``n_blocks`` is what the covariance structure repeats: the number of Cholesky factors (full: K, tied: 1), or of
standard deviations a component (diag: D, spherical: 1). ``numbers`` are the hyperparameters in standardised units, laid
out as each module says. The gradient follows from the statistics of one pass by Fisher's identity; a conjugate prior
adds pseudo-rows to those statistics.
"""
