// means_kj ~ N(mean0_j, sd_j), scales_kj ~ log-normal(log_mean_j, log_sd), correlations_k ~ LKJ(eta)
functions {
#include mixture.stanfunctions
}
data {
  int<lower=1> N;
  int<lower=1> D;
  int<lower=1> K;
  matrix[D, N] x;
  vector[K] concentration;
  vector[D] mean0;
  vector<lower=0>[D] sd0;
  vector[D] log_mean;
  real<lower=0> log_sd;
  real<lower=0> eta;
}
parameters {
  simplex[K] weights;
  vector[D] means[K];
  vector<lower=0>[D] scales[K];
  corr_matrix[D] correlations[K];
}
transformed parameters {
  matrix[D, D] factors[K];
  for (k in 1:K) factors[k] = diag_pre_multiply(scales[k], cholesky_decompose(correlations[k]));
}
model {
  weights ~ dirichlet(concentration);
  for (k in 1:K) {
    means[k] ~ normal(mean0, sd0);
    scales[k] ~ lognormal(log_mean, log_sd);
    correlations[k] ~ lkj_corr(eta);
  }
  target += sum(log_mixture(x, weights, means, factors));
}
generated quantities {
  vector[N] log_lik = log_mixture(x, weights, means, factors);
}
