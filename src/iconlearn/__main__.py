"""``python -m iconlearn``: the same as the command."""

from iconlearn.cli import main

if __name__ == "__main__":
    main()
