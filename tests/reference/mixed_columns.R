# Counts and a yes-or-no item by flexmix 2.3-18: the numbers in tests/families/test_product.py.
suppressMessages(library(flexmix))
data <- read.csv("mixed_columns.csv")
counts <- as.matrix(data[, c("v", "w")])
item <- as.matrix(data[, "s", drop = FALSE])
fit <- flexmix(counts ~ 1, k = 2, cluster = ifelse(data$z == 1, 1, 2),
               model = list(FLXMCmvpois(counts ~ 1), FLXMCmvbinary(item ~ 1)),
               control = list(iter = 50000, tol = 1e-15, minprior = 0))
print(logLik(fit), digits = 14)
print(prior(fit), digits = 10)
print(lapply(1:2, function(m) parameters(fit, model = m)), digits = 10)
