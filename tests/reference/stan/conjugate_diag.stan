// means_kj | variances_kj ~ N(mean0_j, variances_kj / shrinkage), variances_kj ~ inverse-gamma(dof / 2, scale_j / 2)
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
  real<lower=0> shrinkage;
  real<lower=0> dof;
  vector<lower=0>[D] scale;
}
parameters {
  simplex[K] weights;
  vector[D] means[K];
  vector<lower=0>[D] variances[K];
}
transformed parameters {
  matrix[D, D] factors[K];
  for (k in 1:K) factors[k] = diag_matrix(sqrt(variances[k]));
}
model {
  weights ~ dirichlet(concentration);
  for (k in 1:K) {
    variances[k] ~ inv_gamma(dof / 2, scale / 2);
    means[k] ~ normal(mean0, sqrt(variances[k] / shrinkage));
  }
  target += sum(log_mixture(x, weights, means, factors));
}
generated quantities {
  vector[N] log_lik = log_mixture(x, weights, means, factors);
}
