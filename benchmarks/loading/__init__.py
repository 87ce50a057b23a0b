"""What loading costs: the floor and a whole load (`run`), and a week's records (`delta`)."""
