// means_kj | variances_k ~ N(mean0_j, variances_k / shrinkage), variances_k ~ inverse-gamma(dof / 2, scale / 2)
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
  real<lower=0> scale;
}
parameters {
  simplex[K] weights;
  vector[D] means[K];
  vector<lower=0>[K] variances;
}
transformed parameters {
  matrix[D, D] factors[K];
  for (k in 1:K) factors[k] = diag_matrix(rep_vector(sqrt(variances[k]), D));
}
model {
  weights ~ dirichlet(concentration);
  variances ~ inv_gamma(dof / 2, scale / 2);
  for (k in 1:K) means[k] ~ normal(mean0, sqrt(variances[k] / shrinkage));
  target += sum(log_mixture(x, weights, means, factors));
}
generated quantities {
  vector[N] log_lik = log_mixture(x, weights, means, factors);
}
