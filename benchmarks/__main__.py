"""``python -m benchmarks``: the environment first, since libraries read it when they are loaded; then the sections."""

from benchmarks import environment

environment.settle()

from benchmarks.run import main  # noqa: E402

if __name__ == "__main__":
    main()
