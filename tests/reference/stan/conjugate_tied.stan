// means_k | covariance ~ N(mean0, covariance / shrinkage), covariance ~ inverse-Wishart(dof, scale)
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
  cov_matrix[D] covariance;
}
transformed parameters {
  matrix[D, D] factors[K] = rep_array(cholesky_decompose(covariance), K);
}
model {
  weights ~ dirichlet(concentration);
  covariance ~ inv_wishart(dof, scale);
  for (k in 1:K) means[k] ~ multi_normal(mean0, covariance / shrinkage);
  target += sum(log_mixture(x, weights, means, factors));
}
generated quantities {
  vector[N] log_lik = log_mixture(x, weights, means, factors);
}
