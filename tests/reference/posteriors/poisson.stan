// rates_kj ~ gamma(shape_j, rate_j), all independent
data {
  int<lower=1> N;
  int<lower=1> D;
  int<lower=1> K;
  array[N, D] int<lower=0> x;
  vector[K] concentration;
  vector<lower=0>[D] shape;
  vector<lower=0>[D] rate;
}
parameters {
  simplex[K] weights;
  array[K] vector<lower=0>[D] rates;
}
transformed parameters {
  vector[N] log_lik;
  for (n in 1:N) {
    vector[K] joint = log(weights);
    for (k in 1:K) joint[k] += poisson_lpmf(x[n] | rates[k]);
    log_lik[n] = log_sum_exp(joint);
  }
}
model {
  weights ~ dirichlet(concentration);
  for (k in 1:K) rates[k] ~ gamma(shape, rate);
  target += sum(log_lik);
}
