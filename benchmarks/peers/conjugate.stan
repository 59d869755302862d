// bayesmix's default prior and the mixture, one pass over the rows for each component.
data {
  int<lower=1> N;
  int<lower=1> D;
  int<lower=2> K;
  matrix[D, N] columns;
  vector<lower=0>[K] concentrations;
  vector[D] mean;
  real<lower=0> shrinkage;
  real<lower=0> dof;
  matrix[D, D] scale;
}
parameters {
  simplex[K] weights;
  array[K] vector[D] means;
  array[K] cov_matrix[D] covariances;
}
model {
  matrix[K, N] log_joint;
  weights ~ dirichlet(concentrations);
  for (k in 1:K) {
    matrix[D, D] factor = cholesky_decompose(covariances[k]);
    covariances[k] ~ inv_wishart(dof, scale);
    means[k] ~ multi_normal_cholesky(mean, factor / sqrt(shrinkage));
    log_joint[k] = log(weights[k]) - sum(log(diagonal(factor))) - 0.5 * D * log(2 * pi())
      - 0.5 * columns_dot_self(mdivide_left_tri_low(factor, columns - rep_matrix(means[k], N)));
  }
  for (n in 1:N) target += log_sum_exp(col(log_joint, n));
}
