"""`python -m process` is the command `therapy-process`."""

import os


def main() -> None:
    """The command. Answers are small: more than one thread for a matrix of fifty columns only gets in the way of other people's pages."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy loads, so before anything of ours is imported
    from process.cli import main as command

    command()


if __name__ == "__main__":
    main()
