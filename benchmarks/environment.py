"""One thread for each kernel, double precision for each peer: set before any library that reads it is loaded."""

import os

SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
    # four devices for NumPyro's four chains, each working in one thread
    "XLA_FLAGS": "--xla_force_host_platform_device_count=4 --xla_cpu_multi_thread_eigen=false",
}


# Where these are set, OpenBLAS takes the kernels of a named processor, mostly of a lesser one for the sake of an old
# build. The peers' builds are new: each side gets the kernels of the processor that it runs on. R may have an old one.
CHOICE_OF_BLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
FOR_R = {name: os.environ[name] for name in CHOICE_OF_BLAS if name in os.environ}


def settle() -> None:
    """Set the environment of this process and of those that it starts."""
    os.environ.update(SETTINGS)
    for name in CHOICE_OF_BLAS:
        os.environ.pop(name, None)
