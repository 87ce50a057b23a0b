"""`python -m process` is the command `therapy-process`."""

from process.cli import main

main()
