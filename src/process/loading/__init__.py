"""A load as a whole: what a clinic hands over, compared with what its store serves, made a new generation; and what is taken out of every generation again."""
