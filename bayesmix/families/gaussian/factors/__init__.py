r"""Factor analysers: Gaussian components whose covariance is of few factors and a variance of each column's own.

.. math:: \Sigma_k = \Lambda_k \Lambda_k^\top + \Psi_k, \qquad \Psi_k = \text{diag}(\psi_k)

No matrix of all columns by all columns is made of a component: what is asked of :math:`\Sigma_k` costs D times the
number of factors (Woodbury's identity, :mod:`~bayesmix.families.gaussian.factors.low_rank`). All of it is matrix
products in NumPy, which are faster on many columns than loops over them, and nothing is compiled.
"""
