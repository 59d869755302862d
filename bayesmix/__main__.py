"""``python -m bayesmix`` is the command ``bayesmix``."""

from bayesmix.cli import main

if __name__ == "__main__":
    main()
