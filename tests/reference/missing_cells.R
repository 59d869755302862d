# Reference values of one normal distribution where cells are missing: full-information maximum likelihood by lavaan.
# The rows are R's airquality: 153 days, of which 35 miss ozone, 5 solar radiation, and 2 both.
# Run: Rscript missing_cells.R missing_cells.json   (Debian packages r-cran-lavaan, r-cran-jsonlite)
suppressMessages({library(lavaan); library(jsonlite)})
X <- airquality[, c("Ozone", "Solar.R", "Wind", "Temp")]
names(X) <- c("ozone", "solar", "wind", "temp")
every <- "ozone ~~ solar + wind + temp\n solar ~~ wind + temp\n wind ~~ temp\n ozone + solar + wind + temp ~ 1"
fit <- sem(every, X / rep(c(10, 100, 1, 10), each = nrow(X)), missing = "fiml", se = "none",
           control = list(rel.tol = 1e-15, iter.max = 10000))
scale <- c(10, 100, 1, 10)
implied <- fitted(fit)
shift <- sum(colSums(!is.na(X)) * log(scale))  # back to the units of the columns
res <- list(
  made_with = list(R = paste(R.version$major, R.version$minor, sep = "."), lavaan = as.character(packageVersion("lavaan"))),
  log_likelihood = as.numeric(logLik(fit)) - shift, mean = as.numeric(implied$mean) * scale,
  covariance = unclass(implied$cov) * outer(scale, scale), rows = as.matrix(X))
write_json(res, commandArgs(TRUE)[1], digits = 14, auto_unbox = TRUE, na = "null")
