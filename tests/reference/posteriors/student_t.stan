// means_kj ~ N(mean0_j, sd0_j), scales_kj ~ log-normal(log_mean_j, log_sd), dof_k ~ gamma(shape, rate), all independent;
// given its component a row is multivariate t, its scale matrix the diagonal of scales_k^2
data {
  int<lower=1> N;
  int<lower=1> D;
  int<lower=1> K;
  array[N] vector[D] x;
  vector[K] concentration;
  vector[D] mean0;
  vector<lower=0>[D] sd0;
  vector[D] log_mean;
  real<lower=0> log_sd;
  real<lower=0> shape;
  real<lower=0> rate;
}
parameters {
  simplex[K] weights;
  array[K] vector[D] means;
  array[K] vector<lower=0>[D] scales;
  vector<lower=0>[K] dof;
}
transformed parameters {
  vector[N] log_lik;
  for (n in 1:N) {
    vector[K] joint = log(weights);
    for (k in 1:K) joint[k] += multi_student_t_lpdf(x[n] | dof[k], means[k], diag_matrix(square(scales[k])));
    log_lik[n] = log_sum_exp(joint);
  }
}
model {
  weights ~ dirichlet(concentration);
  dof ~ gamma(shape, rate);
  for (k in 1:K) {
    means[k] ~ normal(mean0, sd0);
    scales[k] ~ lognormal(log_mean, log_sd);
  }
  target += sum(log_lik);
}
