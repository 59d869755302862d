// The separated prior and the mixture, one pass over the rows for each component.
data {
  int<lower=1> N;
  int<lower=1> D;
  int<lower=2> K;
  matrix[D, N] columns;
  vector<lower=0>[K] concentrations;
  vector[D] mean_location;
  vector<lower=0>[D] mean_sd;
  vector[D] log_scale_location;
  real<lower=0> log_scale_sd;
  real<lower=0> eta;
}
parameters {
  simplex[K] weights;
  array[K] vector[D] means;
  array[K] vector<lower=0>[D] scales;
  array[K] cholesky_factor_corr[D] correlation_factors;
}
model {
  matrix[K, N] log_joint;
  weights ~ dirichlet(concentrations);
  for (k in 1:K) {
    matrix[D, D] factor = diag_pre_multiply(scales[k], correlation_factors[k]);
    means[k] ~ normal(mean_location, mean_sd);
    scales[k] ~ lognormal(log_scale_location, log_scale_sd);
    correlation_factors[k] ~ lkj_corr_cholesky(eta);
    log_joint[k] = log(weights[k]) - sum(log(diagonal(factor))) - 0.5 * D * log(2 * pi())
      - 0.5 * columns_dot_self(mdivide_left_tri_low(factor, columns - rep_matrix(means[k], N)));
  }
  for (n in 1:N) target += log_sum_exp(col(log_joint, n));
}
