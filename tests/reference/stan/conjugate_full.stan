// means_k | covariances_k ~ N(mean0, covariances_k / shrinkage), covariances_k ~ inverse-Wishart(dof, scale)
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
  real<lower=D - 1> dof;
  cov_matrix[D] scale;
}
parameters {
  simplex[K] weights;
  vector[D] means[K];
  cov_matrix[D] covariances[K];
}
transformed parameters {
  matrix[D, D] factors[K];
  for (k in 1:K) factors[k] = cholesky_decompose(covariances[k]);
}
model {
  weights ~ dirichlet(concentration);
  for (k in 1:K) {
    covariances[k] ~ inv_wishart(dof, scale);
    means[k] ~ multi_normal(mean0, covariances[k] / shrinkage);
  }
  target += sum(log_mixture(x, weights, means, factors));
}
generated quantities {
  vector[N] log_lik = log_mixture(x, weights, means, factors);
}
