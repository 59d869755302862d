// means_kj ~ N(mean0_j, sd_j), scales_k ~ log-normal(log_mean, log_sd)
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
  real log_mean;
  real<lower=0> log_sd;
}
parameters {
  simplex[K] weights;
  vector[D] means[K];
  vector<lower=0>[K] scales;
}
transformed parameters {
  matrix[D, D] factors[K];
  for (k in 1:K) factors[k] = diag_matrix(rep_vector(scales[k], D));
}
model {
  weights ~ dirichlet(concentration);
  for (k in 1:K) means[k] ~ normal(mean0, sd0);
  scales ~ lognormal(log_mean, log_sd);
  target += sum(log_mixture(x, weights, means, factors));
}
generated quantities {
  vector[N] log_lik = log_mixture(x, weights, means, factors);
}
